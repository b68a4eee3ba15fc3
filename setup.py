"""Builds the C kernels where there is a compiler; without one, wrapmac computes them with torch."""

from setuptools import setup
from setuptools.command.build_ext import build_ext


class OptionalBuild(build_ext):
    """Continues without the extension if it does not compile."""

    def finalize_options(self) -> None:
        super().finalize_options()
        for extension in self.extensions:
            extension.optional = True


setup(
    cffi_modules=["models/kernels/native_build.py:ffi", "models/quantization/native_build.py:ffi"],
    cmdclass={"build_ext": OptionalBuild},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
