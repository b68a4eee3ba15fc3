// After each edge the product register, read as a signed number, is the exact product of the operands before the edge,
// modulo 2^ACCUMULATOR_BITS.
module multiplier_check #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACCUMULATOR_BITS = 8,
    parameter PRODUCT_BITS = 8
) (
    input clk,
    input [ACTIVATION_BITS-1:0] activation,
    input signed [WEIGHT_BITS-1:0] weight,
    output signed [PRODUCT_BITS-1:0] product,
    output reg signed [ACCUMULATOR_BITS-1:0] expected_product,
    output reg product_known
);
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] exact;
  exact_product #(ACTIVATION_BITS, WEIGHT_BITS) definition (activation, weight, exact);

  initial product_known = 0;
  always @(posedge clk) begin
    expected_product <= exact;
    product_known <= 1;
  end

  unit_multiplier part (.clk(clk), .activation(activation), .weight(weight), .product(product));

  wire signed [ACCUMULATOR_BITS-1:0] found = product;
  always @* if (product_known) assert (found == expected_product);
endmodule
