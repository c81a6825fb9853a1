"""Search spaces: which architectures exist, and how each is built."""

from autokeras_nas.search_spaces.base import SEARCH_SPACES, SearchSpace
from autokeras_nas.search_spaces.chain_cnn import ChainCnn

__all__ = ["SEARCH_SPACES", "ChainCnn", "SearchSpace"]
