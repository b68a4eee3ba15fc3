"""The whole network of a finished run, whose result is the encoder alone."""

from models.selfsup.networks import OnlineNetwork, stem_of
from models.selfsup.run import SelfSupRun, checkpoint_file
from models.training.tensor_files import read_tensors


def load_network(run: SelfSupRun) -> OnlineNetwork:
    """Encoder, projector and heads of a run, in evaluation mode, from its checkpoint.

    Raises ValueError, naming the file, if the checkpoint is missing or damaged.
    """
    path = checkpoint_file(run.folder)
    saved = read_tensors(path)
    network = OnlineNetwork(run.config, run.image_shape[0], stem_of(run.config, run.image_shape))
    try:
        network.load_state_dict(saved["parts"]["model online"])
    except (RuntimeError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is damaged, or of another version") from error
    return network.eval()
