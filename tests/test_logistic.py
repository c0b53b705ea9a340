import numpy as np

from vistobueno.core.logistic import fit_logistic, fit_standard

RNG = np.random.default_rng(0)
CLASSES, WIDE, COUNT = 4, 12, 300
Y = RNG.integers(0, CLASSES - 1, COUNT)  # no photograph of the last class
X = (RNG.normal(size=(CLASSES, WIDE))[Y] + RNG.normal(size=(COUNT, WIDE))).astype(np.float32)
WEIGHTS = RNG.uniform(0.2, 3, COUNT)


def slope(w: np.ndarray, b: np.ndarray, strength: float) -> float:
    """The largest entry of the gradient in double precision, of the classes that were seen."""
    z = X.astype(np.float64) @ w + b
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(COUNT), Y] -= 1
    error = p * (strength * WEIGHTS)[:, None]
    return float(np.abs((X.T @ error + w)[:, :-1]).max())


def test_the_fit_is_the_minimum_whatever_the_strength() -> None:
    for strength in (1e-3, 1e-1, 10.0):
        w, b = fit_logistic(X, Y, WEIGHTS, CLASSES, strength)
        assert slope(w, b, strength) < 5e-3 * max(1.0, strength * WEIGHTS.sum())


def test_a_fit_from_another_place_ends_where_it_would_have_ended() -> None:
    w, b = fit_logistic(X, Y, WEIGHTS, CLASSES, 0.1)
    for start in (0.01, 1.0):
        again, bias = fit_logistic(X, Y, WEIGHTS, CLASSES, 0.1, fit_logistic(X, Y, WEIGHTS, CLASSES, start))
        said, said_again = X @ w + b, X @ again + bias
        assert (said.argmax(axis=1) == said_again.argmax(axis=1)).mean() > 0.99


def test_a_class_without_a_photograph_is_never_said() -> None:
    w, b = fit_logistic(X, Y, WEIGHTS, CLASSES, 1.0)
    assert ((X @ w + b).argmax(axis=1) < CLASSES - 1).all()


def test_what_weighs_nothing_might_as_well_not_be_there() -> None:
    kept = np.arange(COUNT) % 3 > 0
    all_of_it, _ = fit_logistic(X, Y, WEIGHTS * kept, CLASSES, 0.1)
    less, _ = fit_logistic(X[kept], Y[kept], WEIGHTS[kept], CLASSES, 0.1)
    assert np.allclose(all_of_it, less, atol=1e-2)


def test_the_standard_does_not_see_how_long_an_embedding_is() -> None:
    embeddings = np.abs(X) + 0.1
    standard = fit_standard(embeddings, np.ones(COUNT))
    told = standard.of(embeddings)
    assert np.allclose(told, standard.of(embeddings * 7), atol=1e-3)
    assert np.allclose(told.mean(axis=0), 0, atol=1e-3) and np.allclose(told.std(axis=0), 1, atol=1e-2)
