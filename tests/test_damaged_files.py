"""Every kind of file that commands read, damaged in hundreds of ways: it loads, or one error names it."""

import io
import json
import pickle
import random
import resource
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.data.archives import Archive
from models.data.cifar import cifar10
from models.data.files import walk
from models.data.pictures import read_picture
from models.integer_network.builder import export_network
from models.integer_network.graph import IntegerGraph
from models.integer_network.layer import LayerExport
from models.progress import Progress
from models.training.checkpoint import Checkpoint, Position
from models.training.metrics import MetricLog
from models.training.run import RunFolder
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig
from reports.commands import redraw as redraw_command
from reports.records.kept import keep_record, read_record
from tests.support.damage import damaged, damaged_json
from tests.support.images import few_digits, write_batches
from tests.support.integer_networks import trained_network
from tests.support.layers import small_layer
from tests.support.pictures import archived, write_pictures
from tests.support.reports import layout_record

VARIANTS = 200
_MEMORY = 4 << 30  # bytes beyond what the process has, of which a damaged file may ask for none
