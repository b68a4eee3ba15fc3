// Plays a stimulus file into multiply-accumulate units and records their pins, so that long runs need no
// Python call per cycle. LANES units run side by side, each on its own stimulus.
//
// A rising `go` starts a run; `done` rises when the stimulus is used up and its last operands have left the
// pipeline: FLUSH bubbles follow the stimulus.
//
// stimulus.bin has one 64-bit big-endian word per cycle and lane, all lanes of a cycle together: weight in
// bits 0-15, activation in 16-31, then first, enable, rst.
// response.bin has three 64-bit little-endian words per cycle and lane, sampled just before the rising edge:
// the inputs at the unit's pins in the same layout, with bit 63 set if a bit of sum is unknown and bit 62 if
// a bit of out is; sum; out.
//
// With WAVES defined, the first unit's signals go to the file `waves`, together with `playing`, the family of
// stimuli as text, set from outside, and `cycle`, which counts as mismatches do. Verilator writes the signals
// for which tracing is on, Icarus those that $dumpvars names.

`timescale 1ns / 1ps

module bench #(
    parameter ACTIVATION_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACCUMULATOR_BITS = 8,
    parameter LANES = 1,
    parameter FLUSH = 8
);
  /* verilator tracing_on */
  reg clk = 0;
  reg [8*24-1:0] playing = 0;
  integer cycle = 0;
  /* verilator tracing_off */

  reg go = 0;
  reg done = 0;

  reg [64*LANES-1:0] words = 0;
  wire [192*LANES-1:0] rows;

`ifdef WAVES
  initial begin
    $dumpfile("waves");
    $dumpvars(1, clk, playing, cycle);
    $dumpvars(0, lane[0].unit);
  end
`endif

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : lane
      // The first word of the file is the most significant one.
      wire [63:0] word = words[64*(LANES-1-i)+:64];
      wire rst = word[34];
      wire enable = word[33];
      wire first = word[32];
      wire [ACTIVATION_BITS-1:0] activation = word[16+:ACTIVATION_BITS];
      wire [WEIGHT_BITS-1:0] weight = word[0+:WEIGHT_BITS];
      wire signed [ACCUMULATOR_BITS-1:0] sum;
`ifdef SLOPE
      wire signed [ACCUMULATOR_BITS-1:0] out;
`else
      wire signed [ACCUMULATOR_BITS-1:0] out = 0;
`endif

      /* verilator tracing_on */
      `UNIT unit (
          .clk(clk),
          .rst(rst),
          .enable(enable),
          .first(first),
          .activation(activation),
          .weight(weight),
`ifdef SLOPE
          .out(out),
`endif
          .sum(sum)
      );
      /* verilator tracing_off */

      wire [15:0] activation_seen = activation;
      wire [15:0] weight_seen = weight;
      wire signed [63:0] sum_seen = sum;
      wire signed [63:0] out_seen = out;
      assign rows[192*i+:192] = {
        out_seen,
        sum_seen,
        ^sum === 1'bx,
        ^out === 1'bx,
        27'b0,
        rst,
        enable,
        first,
        activation_seen,
        weight_seen
      };
    end
  endgenerate

  integer stimulus;
  integer response;
  integer bubbles;

  always @(posedge go) begin
    stimulus = $fopen("stimulus.bin", "rb");
    response = $fopen("response.bin", "wb");
    bubbles = 0;
    cycle = 0;
    while (bubbles < FLUSH) begin
      if ($fread(words, stimulus) != 8 * LANES) begin
        words = 0;
        bubbles = bubbles + 1;
      end
      #1 $fwrite(response, "%u", rows);
      clk = 1;
      #1 clk = 0;
      cycle = cycle + 1;
    end
    $fclose(stimulus);
    $fclose(response);
    done = 1;
    wait (!go) done = 0;
  end
  /* verilator tracing_on */
endmodule
