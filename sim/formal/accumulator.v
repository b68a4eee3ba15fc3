// The sum is the exact sum of the products since the last restart, the restart's own included, modulo
// 2^ACCUMULATOR_BITS. Before the first restart it is unknown.
module accumulator_check #(
    parameter PRODUCT_BITS = 8,
    parameter ACCUMULATOR_BITS = 8,
    // Holds the exact sum of 2^32 products. Longer sums are exact modulo 2^TOTAL_BITS, hence modulo the narrower sum.
    parameter TOTAL_BITS = ACCUMULATOR_BITS + 32
) (
    input clk,
    input restart,
    input signed [PRODUCT_BITS-1:0] product,
    output signed [ACCUMULATOR_BITS-1:0] sum,
    output signed [ACCUMULATOR_BITS-1:0] expected_sum,
    output reg sum_known
);
  reg signed [TOTAL_BITS-1:0] total;
  assign expected_sum = total[ACCUMULATOR_BITS-1:0];

  initial sum_known = 0;
  always @(posedge clk) begin
    total <= restart ? product : total + product;
    if (restart) sum_known <= 1;
  end

  unit_accumulator part (.clk(clk), .restart(restart), .product(product), .sum(sum));

  always @* if (sum_known) assert (sum == expected_sum);
endmodule
