"""Input registers and control of a multiply-accumulate unit."""

from amaranth.hdl import Module, Mux, Shape, Signal, unsigned
from amaranth.lib.wiring import Component, In, Out


class OperandStage(Component):
    """Registers the operands and turns `enable`, `first` and reset into the datapath's control signals.

    A cycle without `enable` becomes a zero activation, whose product leaves the sum unchanged, so that no enable has to
    travel down the pipeline. Reset becomes a zero activation that starts a new dot product: it passes through the
    pipeline in order and discards everything before it.

    Latency: 1 cycle for `activation` and `weight`, 2 for `restart`, which arrives together with their product. With
    `early`, which leaves out the operand registers, one cycle less each.

    quiet: sets the 1-bit weight of a bubble or reset to +1, so that every bit of its product of signs is 0.

    Ports:
        reset_in, enable_in, first_in: the unit's control inputs.
        activation_in, weight_in: the unit's operands.
        activation, weight: the registered operands; the activation is 0 for a bubble or reset.
        restart: the product at the accumulator's input starts a new dot product.
        keep: the inverse of `restart`, in a register of its own; only with `mirrored`.
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
