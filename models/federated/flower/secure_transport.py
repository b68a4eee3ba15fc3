"""Secure sums over Flower."""

from collections.abc import Iterator, Mapping

from flwr.app import ConfigRecord, MessageType

from models.federated.broadcast import Broadcast
from models.federated.flower.secure_messages import add_peers, masked_of, question_record, revealed_of
from models.federated.flower.settings import REVEAL, ROUND
from models.federated.flower.transport import FlowerTransport, round_facts
from models.federated.secure.messages import Declined, Masked, PublicKeys, Question, Revealed
from models.federated.training.clients import Drawn
from models.training.errors import TrainingError


class SecureFlowerTransport(FlowerTransport):
    """Clients that are SuperNodes, and mask what they answer."""

    def public_keys(self, clients: tuple[int, ...]) -> dict[int, bytes]:
        """See SecureTransport. Raises TrainingError for a client that has none."""
        for client in clients:
            if client not in self.keys:
                raise TrainingError(f"client {client} has told no public key")
        return {client: self.keys[client] for client in clients}

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """See SecureTransport."""
        content = self.content(sent, drawn)
        add_peers(content, peers)
        return self.exchange(drawn, dict.fromkeys(drawn.present, content), MessageType.TRAIN, masked_of)

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """See SecureTransport."""
        contents = {client: question_record(question) for client, question in questions.items()}
        for content in contents.values():
            content[ROUND] = ConfigRecord({**round_facts(drawn)})
        return self.exchange(drawn, contents, f"{MessageType.QUERY}.{REVEAL}", revealed_of)
