"""How bytes become an object and back: one module a codec, found by their file names."""

from citylab.codecs.registry import Codec, Content, codec_names, find_codec

__all__ = ["Codec", "Content", "codec_names", "find_codec"]
