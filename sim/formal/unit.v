// At each edge the exact total takes in that edge's operands at once; sum shows it, modulo 2^ACCUMULATOR_BITS, two
// edges later, and out the exact cyclic activation of sum another edge later. A reset, or a first that counts, starts
// the total anew; before the first of them all is unknown.
module unit_check #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACCUMULATOR_BITS = 8,
    // 0 for a unit without cyclic activation.
    parameter [63:0] SLOPE = 0,
    // Room for the exact sum of 2^32 products of the accumulator's width; longer ones agree modulo 2^TOTAL_BITS.
    parameter TOTAL_BITS = ACCUMULATOR_BITS + 32
) (
    input clk,
    input rst,
    input enable,
    input first,
    input [ACTIVATION_BITS-1:0] activation,
    input signed [WEIGHT_BITS-1:0] weight,
    output signed [ACCUMULATOR_BITS-1:0] sum,
    output signed [ACCUMULATOR_BITS-1:0] expected_sum,
    output sum_known,
    output signed [ACCUMULATOR_BITS-1:0] out,
    output reg signed [2*ACCUMULATOR_BITS+1:0] expected_out,
    output reg out_known
);
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] product;
  exact_product #(ACTIVATION_BITS, WEIGHT_BITS) product_definition (activation, weight, product);

  reg signed [TOTAL_BITS-1:0] total, total_before, total_shown;
  reg known, known_before, known_shown;
  initial {known, known_before, known_shown} = 0;
  always @(posedge clk) begin
    if (rst) total <= 0;
    else if (enable) total <= first ? product : total + product;
    if (rst || (enable && first)) known <= 1;
    total_before <= total;
    total_shown <= total_before;
    known_before <= known;
    known_shown <= known_before;
  end
  assign expected_sum = total_shown[ACCUMULATOR_BITS-1:0];
  assign sum_known = known_shown;
  always @* if (sum_known) assert (sum == expected_sum);

  generate
    if (SLOPE == 0) begin
      unit part (
          .clk(clk),
          .rst(rst),
          .enable(enable),
          .first(first),
          .activation(activation),
          .weight(weight),
          .sum(sum)
      );
      assign out = 0;
      initial out_known = 0;
    end else begin
      unit part (
          .clk(clk),
          .rst(rst),
          .enable(enable),
          .first(first),
          .activation(activation),
          .weight(weight),
          .sum(sum),
          .out(out)
      );
      wire signed [2*ACCUMULATOR_BITS+1:0] cyclic;
      exact_cyclic #(ACCUMULATOR_BITS, SLOPE) cyclic_definition (expected_sum, cyclic);
      initial out_known = 0;
      always @(posedge clk) begin
        expected_out <= cyclic;
        out_known <= sum_known;
      end
      always @* if (out_known) assert (out == expected_out);
    end
  endgenerate
endmodule
