// After each edge out is the exact, untruncated cyclic activation of the sum before the edge; if BARE, of the present
// sum.
module cyclic_check #(
    parameter ACCUMULATOR_BITS = 8,
    parameter [63:0] SLOPE = 2,
    parameter BARE = 0
) (
    input clk,
    input signed [ACCUMULATOR_BITS-1:0] sum,
    output signed [ACCUMULATOR_BITS-1:0] out,
    output signed [2*ACCUMULATOR_BITS+1:0] expected_out,
    output out_known
);
  wire signed [2*ACCUMULATOR_BITS+1:0] exact;
  exact_cyclic #(ACCUMULATOR_BITS, SLOPE) definition (sum, exact);

  reg signed [2*ACCUMULATOR_BITS+1:0] exact_before;
  reg edge_passed;
  initial edge_passed = 0;
  always @(posedge clk) begin
    exact_before <= exact;
    edge_passed <= 1;
  end
  assign expected_out = BARE ? exact : exact_before;
  assign out_known = BARE || edge_passed;

  generate
    if (BARE) begin
      unit_cyclic part (.sum(sum), .out(out));
    end else begin
      unit_cyclic part (.clk(clk), .sum(sum), .out(out));
    end
  endgenerate

  always @* if (out_known) assert (out == expected_out);
endmodule
