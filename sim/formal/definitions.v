// The arithmetic of dissertation chapter 2 by definition: exact integers, without rounding or truncation.

// activation times weight: bit i of the unsigned activation counts 2^i weights. The weight is two's complement; a 1-bit
// weight is -1 for 0 and +1 for 1.
module exact_product #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8
) (
    input [ACTIVATION_BITS-1:0] activation,
    input signed [WEIGHT_BITS-1:0] weight,
    output reg signed [ACTIVATION_BITS+WEIGHT_BITS:0] product
);
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] one_bit = weight[0] ? 1 : -1;
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] more_bits = weight;
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] whole = WEIGHT_BITS == 1 ? one_bit : more_bits;
  integer i;
  always @* begin
    product = 0;
    for (i = 0; i < ACTIVATION_BITS; i = i + 1) if (activation[i]) product = product + (whole <<< i);
  end
endmodule

// The cyclic activation of slope k on [-h, h - 1], h = 2^(ACCUMULATOR_BITS - 1): sums of at most k / (k + 1) h in
// magnitude pass, all others are folded back. Both sides of the comparison are multiplied by k + 1, which keeps the
// fractional threshold exact. Since k < h, twice the accumulator's bits plus two hold every value.
module exact_cyclic #(
    parameter ACCUMULATOR_BITS = 8,
    parameter [63:0] SLOPE = 2
) (
    input signed [ACCUMULATOR_BITS-1:0] sum,
    output signed [2*ACCUMULATOR_BITS+1:0] cyclic
);
  wire signed [2*ACCUMULATOR_BITS+1:0] m = sum;
  wire signed [2*ACCUMULATOR_BITS+1:0] k = SLOPE;
  wire signed [2*ACCUMULATOR_BITS+1:0] h = {1'b1, {(ACCUMULATOR_BITS - 1) {1'b0}}};
  assign cyclic = (k + 1) * m > k * h ? k * h - k * m : (k + 1) * m < -k * h ? -k * h - k * m : m;
endmodule
