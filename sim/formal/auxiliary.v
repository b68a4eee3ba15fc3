// After each edge the operands are those before it, with activation 0 unless they count. The restart of a reset, or of
// a first with enable, follows one edge later, together with the product.
module auxiliary_check #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8
) (
    input clk,
    input reset_in,
    input enable_in,
    input first_in,
    input [ACTIVATION_BITS-1:0] activation_in,
    input signed [WEIGHT_BITS-1:0] weight_in,
    output [ACTIVATION_BITS-1:0] activation,
    output reg [ACTIVATION_BITS-1:0] expected_activation,
    output reg activation_known,
    output signed [WEIGHT_BITS-1:0] weight,
    output reg signed [WEIGHT_BITS-1:0] expected_weight,
    output reg weight_known,
    output restart,
    output reg expected_restart,
    output reg restart_known
);
  reg restart_before;

  initial {activation_known, weight_known, restart_known} = 0;
  always @(posedge clk) begin
    if (reset_in) begin
      expected_activation <= 0;
      restart_before <= 1;
    end else if (enable_in) begin
      expected_activation <= activation_in;
      restart_before <= first_in;
    end else begin
      expected_activation <= 0;
      restart_before <= 0;
    end
    expected_weight <= weight_in;
    expected_restart <= restart_before;
    activation_known <= 1;
    weight_known <= 1;
    restart_known <= weight_known;
  end

  unit_auxiliary part (
      .clk(clk),
      .reset_in(reset_in),
      .enable_in(enable_in),
      .first_in(first_in),
      .activation_in(activation_in),
      .weight_in(weight_in),
      .activation(activation),
      .weight(weight),
      .restart(restart)
  );

  always @* begin
    if (activation_known) assert (activation == expected_activation);
    if (weight_known) assert (weight == expected_weight);
    if (restart_known) assert (restart == expected_restart);
  end
endmodule
