"""cocotb tests of an adder of WIDTH bits, for the tests of sim.benches."""

import os
from typing import Any

import cocotb
from cocotb.triggers import Timer

from sim.benches import read_job, write_verdict


@cocotb.test()
async def adds(dut: Any) -> None:
    job = read_job()
    sums = []
    for a, b in job["pairs"]:
        dut.a.value, dut.b.value = a, b
        await Timer(1, unit="ns")
        sums.append(int(dut.sum.value))
    if job["verdict"]:
        write_verdict({"sums": sums, "environment": os.environ.get("SHOWN")})
    assert sums == job["expected"]
