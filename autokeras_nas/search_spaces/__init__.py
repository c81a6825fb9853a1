"""Search spaces: which architectures exist, and how each is built."""

from autokeras_nas.search_spaces.base import SEARCH_SPACES, SearchSpace
from autokeras_nas.search_spaces.chain_cnn import ChainCnn
from autokeras_nas.search_spaces.nasnet_cell import NasnetCell
from autokeras_nas.search_spaces.tabular_mlp import TabularMlp
from autokeras_nas.search_spaces.text import Text

__all__ = ["SEARCH_SPACES", "ChainCnn", "NasnetCell", "SearchSpace", "TabularMlp", "Text"]
