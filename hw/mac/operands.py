"""Input registers and control of a multiply-accumulate unit."""

from amaranth.hdl import Module, Mux, Shape, Signal, unsigned
from amaranth.lib.wiring import Component, In, Out


class OperandStage(Component):
    """Registers the operands and turns `enable`, `first` and reset into what the datapath needs.

    A cycle without `enable` becomes a zero activation, so its product leaves the sum as it is: no
    enable has to travel along. Reset becomes a zero activation that starts a new dot product: it
    passes through the pipeline in order, and wipes out all that came before it.

    Latency: `activation` and `weight` after 1 cycle; `restart` after 2, in step with the product that the multiplier
    makes of them. With `early`, which leaves out the operand registers, one cycle less each.

    quiet: a 1-bit weight of a bubble or reset counts as +1, so that the product of signs is 0 throughout.

    Ports:
        reset_in, enable_in, first_in: the unit's control inputs.
        activation_in, weight_in: the unit's operands.
        activation, weight: the registered operands; the activation is 0 for a bubble or reset.
        restart: the product now at the accumulator's input starts a new dot product.
        keep: the inverse of `restart`, from a register of its own; only with `mirrored`.
    """

    def __init__(
        self,
        activation_shape: Shape,
        weight_shape: Shape,
        *,
        early: bool = False,
        quiet: bool = False,
        mirrored: bool = False,
    ) -> None:
        self.early = early
        self.quiet = quiet
        self.mirrored = mirrored
        ports = {
            "reset_in": In(1),
            "enable_in": In(1),
            "first_in": In(1),
            "activation_in": In(activation_shape),
            "weight_in": In(weight_shape),
            "activation": Out(activation_shape),
            "weight": Out(weight_shape),
            "restart": Out(unsigned(1)),
        }
        if mirrored:
            ports["keep"] = Out(unsigned(1))
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        live = self.enable_in & ~self.reset_in
        starting = Signal()
        domain = m.d.comb if self.early else m.d.sync
        domain += [
            self.activation.eq(Mux(live, self.activation_in, 0)),
            self.weight.eq(self.weight_in | ~live if self.quiet else self.weight_in),
            starting.eq(self.reset_in | (self.enable_in & self.first_in)),
        ]
        m.d.sync += self.restart.eq(starting)
        if self.mirrored:
            m.d.sync += self.keep.eq(~starting)
        return m
