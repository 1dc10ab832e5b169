"""Draws are addressed: the same everywhere, independent of each other, of the promised distribution."""

import numpy as np

from simulators.draw import Draw


def test_same_address_same_draw_in_any_order_and_shape():
    draw = Draw(7, "fleet bus")
    whole = draw.uniform("x", np.arange(50)[:, None], np.arange(20)[None, :])
    assert draw.uniform("x", np.int64(31), np.int64(4))[0] == whole[31, 4]
    again = Draw(7, "fleet bus").uniform("x", np.arange(30, 40)[:, None], np.arange(20)[None, :])
    assert np.array_equal(again, whole[30:40])


def test_names_labels_and_seeds_differ():
    def first(seed, name, label):
        return Draw(seed, name).uniform(label, np.arange(100))

    base = first(1, "a", "x")
    for other in (first(2, "a", "x"), first(1, "b", "x"), first(1, "a", "y")):
        assert not np.array_equal(base, other)
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.35


def test_uniform_is_uniform_over_neighbouring_addresses():
    u = Draw(3, "n").uniform("u", np.arange(300)[:, None], np.arange(300)[None, :])
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    chi2 = float(((counts - 4500.0) ** 2 / 4500.0).sum())
    assert chi2 < 43.8, "0.1 % limit of chi-squared with 19 degrees of freedom"
    assert abs(np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]) < 0.012
    assert abs(np.corrcoef(u[:-1].ravel(), u[1:].ravel())[0, 1]) < 0.012


def test_normal_has_unit_variance_and_tails():
    z = Draw(3, "n").normal("z", np.arange(200_000))
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1.0) < 0.01
    assert 0.0020 < np.mean(np.abs(z) > 3.0) < 0.0034
