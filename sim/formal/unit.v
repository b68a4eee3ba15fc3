// At each edge the exact total adds that edge's operands at once; sum shows the total, modulo 2^ACCUMULATOR_BITS,
// LATENCY - 1 edges later, and out the exact cyclic activation of sum one more edge later, or together with it if BARE.
// A reset, or a first with enable, restarts the total; before the first restart everything is unknown.
//
// A segmented accumulator also holds a carry into each segment but the lowest. Sum and carries together are the total
// at every edge; sum alone is the total after as many edges without operands as there are carries.
module unit_check #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACCUMULATOR_BITS = 8,
    // 0 for a unit without a cyclic activation.
    parameter [63:0] SLOPE = 0,
    parameter LATENCY = 3,
    parameter BARE = 0,
    // ACCUMULATOR_BITS for an accumulator without segments.
    parameter SEGMENT = ACCUMULATOR_BITS,
    // Holds the exact sum of 2^32 products of the accumulator's width; longer sums are exact modulo 2^TOTAL_BITS.
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
    output signed [2*ACCUMULATOR_BITS+1:0] expected_out,
    output out_known
);
  wire signed [ACTIVATION_BITS+WEIGHT_BITS:0] product;
  exact_product #(ACTIVATION_BITS, WEIGHT_BITS) product_definition (activation, weight, product);

  localparam CARRIES = (ACCUMULATOR_BITS - 1) / SEGMENT;

  // The unit's own carries: once the design is flat, wires of the same name are the same wire.
  (* hierconn *)
  wire [(CARRIES ? CARRIES : 1)-1:0] \tested.part.accumulator.carries ;
  wire [(CARRIES ? CARRIES : 1)-1:0] carries = \tested.part.accumulator.carries ;

  // Delayed by the edges since the operands were sampled.
  reg signed [TOTAL_BITS-1:0] total, total_2, total_3;
  reg known, known_2, known_3, live, live_2, live_3;
  initial {known, known_2, known_3} = 0;
  always @(posedge clk) begin
    if (rst) total <= 0;
    else if (enable) total <= first ? product : total + product;
    if (rst || (enable && first)) known <= 1;
    live <= enable && !rst;
    {total_2, total_3} <= {total, total_2};
    {known_2, known_3} <= {known, known_2};
    {live_2, live_3} <= {live, live_2};
  end
  assign expected_sum = LATENCY == 3 ? total_3[ACCUMULATOR_BITS-1:0] : total_2[ACCUMULATOR_BITS-1:0];
  wire counted = LATENCY == 3 ? known_3 : known_2;
  wire disturbed = LATENCY == 3 ? live_3 : live_2;
  always @* if (sum_known) assert (sum == expected_sum);

  generate
    if (CARRIES == 0) begin
      assign sum_known = counted;
    end else begin
      reg [CARRIES:0] disturbances;
      always @(posedge clk) disturbances <= {disturbances, disturbed};
      assign sum_known = counted && !disturbed && !(disturbances & ((1 << (CARRIES - 1)) - 1));

      integer i;
      reg [ACCUMULATOR_BITS-1:0] whole;
      always @* begin
        whole = sum;
        for (i = 0; i < CARRIES; i = i + 1) whole = whole + (carries[i] << (SEGMENT * (i + 1)));
        if (counted) assert (whole == expected_sum[ACCUMULATOR_BITS-1:0]);
      end
    end
  endgenerate

  generate
    if (SLOPE == 0) begin : tested
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
      assign out_known = 0;
    end else begin : tested
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
      reg signed [2*ACCUMULATOR_BITS+1:0] cyclic_before;
      reg known_before;
      initial known_before = 0;
      always @(posedge clk) begin
        cyclic_before <= cyclic;
        known_before <= sum_known;
      end
      assign expected_out = BARE ? cyclic : cyclic_before;
      assign out_known = BARE ? sum_known : known_before;
      always @* if (out_known) assert (out == expected_out);
    end
  endgenerate
endmodule
