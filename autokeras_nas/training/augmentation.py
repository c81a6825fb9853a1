"""Augmentation: training images moved, mirrored and partly covered, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """Changes of an image that leave its class as it is, drawn anew for each image and epoch.

    What moves out on one side of an image is made up for on the other by its reflection at the
    edge. Covered pixels become 0, which is the mean of preprocessed images.

    Sources: He et al., 2015, https://arxiv.org/abs/1512.03385, Section 4.2 (moved and mirrored;
    they fill with zeros); DeVries and Taylor, 2017, https://arxiv.org/abs/1708.04552 (covered).

    Attributes:
        shift: By how much of its side an image is moved at most, each way, in [0, 1).
        mirror: Whether every other image has left and right exchanged.
        cover: The side of the square that is covered, of the image's; its centre may lie
            anywhere. 0: none is.
    """

    shift: float = 0.0
    mirror: bool = False
    cover: float = 0.0

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.shift or self.mirror or self.cover)

    def __call__(self, images, seed):
        """Other images of the same shape, within a `tf.data` pipeline.

        Args:
            images: TensorFlow's tensor `(batch, height, width, channels)`.
            seed: Two integers, from which all that is drawn follows.
        """
        import tensorflow as tf

        shape = tf.shape(images)
        count, height, width = shape[0], shape[1], shape[2]
        draws = tf.random.stateless_uniform((5, count, 1), seed)
        if self.shift or self.mirror:
            rows = _moved(draws[0], height, self.shift)
            columns = _moved(draws[1], width, self.shift)
            if self.mirror:
                columns = tf.where(draws[2] < 0.5, columns, width - 1 - columns)
            # One look-up of pixels by number: half the work of one by rows and one by columns.
            first = tf.range(count)[:, None, None] * height
            pixels = (first + rows[:, :, None]) * width + columns[:, None, :]
            flat = tf.reshape(images, (-1, shape[3]))
            images = tf.ensure_shape(tf.gather(flat, pixels), images.shape)
        if self.cover:
            covered = tf.logical_and(
                _near(draws[3], height, self.cover)[:, :, None, None],
                _near(draws[4], width, self.cover)[:, None, :, None],
            )
            images = tf.where(covered, tf.zeros((), images.dtype), images)
        return images


def _moved(draw, size, share: float):
    """From which pixel each pixel of a side comes, `(batch, size)`."""
    import tensorflow as tf

    farthest = tf.cast(tf.round(share * tf.cast(size, tf.float32)), tf.int32)
    # From -farthest to farthest, all equally often.
    shift = tf.cast(draw * tf.cast(2 * farthest + 1, tf.float32), tf.int32) - farthest
    place = tf.abs(tf.range(size)[None] + shift)
    # Reflected without the outermost pixel, which is there already.
    return tf.minimum(place, 2 * (size - 1) - place)


def _near(draw, size, share: float):
    """Which pixels of a side lie in a stretch around a place drawn there, `(batch, size)`."""
    import tensorflow as tf

    length = tf.cast(size, tf.float32)
    centres = tf.range(length)[None] + 0.5
    return tf.abs(centres - draw * length) < share * length / 2
