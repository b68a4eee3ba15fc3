// After each edge out is the exact cyclic activation, with nothing dropped, of the sum before the edge.
module cyclic_check #(
    parameter ACCUMULATOR_BITS = 8,
    parameter [63:0] SLOPE = 2
) (
    input clk,
    input signed [ACCUMULATOR_BITS-1:0] sum,
    output signed [ACCUMULATOR_BITS-1:0] out,
    output reg signed [2*ACCUMULATOR_BITS+1:0] expected_out,
    output reg out_known
);
  wire signed [2*ACCUMULATOR_BITS+1:0] exact;
  exact_cyclic #(ACCUMULATOR_BITS, SLOPE) definition (sum, exact);

  initial out_known = 0;
  always @(posedge clk) begin
    expected_out <= exact;
    out_known <= 1;
  end

  unit_cyclic part (.clk(clk), .sum(sum), .out(out));

  always @* if (out_known) assert (out == expected_out);
endmodule
