"""Model files: what was saved is what serves, and a file that is damaged, swapped or strange never does."""

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier
from skops.io import dumps

from models.matching.artifact import (
    FORMAT,
    TRUSTED_TYPES,
    Artifact,
    DamagedArtifactError,
    load_card,
    load_matcher,
    save_matcher,
)
from models.matching.factors import FEATURE_NAMES, FEATURES
from models.matching.matcher import Matcher, MatcherKind, create_head

CARD = {"verdict": "better than the formula", "sizes": {"requests": 12}, "features": list(FEATURE_NAMES)}
FEATURE_VALUES = np.random.default_rng(0).random((200, len(FEATURES)))


def fitted(seed: int) -> Matcher:
    random = np.random.default_rng(seed)
    heads = (create_head().fit(FEATURE_VALUES, random.integers(0, 2, len(FEATURE_VALUES))) for _ in range(2))
    return Matcher(*heads, version=seed)


def write(path: Path, data: bytes) -> Artifact:
    """A file with the hash it really has: what an attacker who may change the record too would leave."""
    path.write_bytes(data)
    return Artifact(path, hashlib.sha256(data).hexdigest())


def content(**changes: Any) -> dict[str, Any]:
    head = create_head().fit_prior()
    return {
        "format": FORMAT,
        "version": 1,
        "features": json.dumps(FEATURE_NAMES),
        "card": "{}",
        "heads": {"asks": head, "succeeds": head},
        **changes,
    }


@pytest.fixture
def saved(tmp_path: Path) -> Artifact:
    return save_matcher(tmp_path / "models", fitted(1), CARD)


class TestSaved:
    @pytest.mark.requirement("MEN-03")
    def test_what_was_saved_is_what_serves(self, saved: Artifact) -> None:
        loaded, original = load_matcher(saved.path, saved.sha256), fitted(1)
        assert loaded.kind is MatcherKind.LEARNED
        assert loaded.version == 1
        assert loaded.score(FEATURE_VALUES).tobytes() == original.score(FEATURE_VALUES).tobytes()
        assert load_card(saved.path, saved.sha256) == CARD

    def test_the_formula_can_be_saved_too(self, tmp_path: Path) -> None:
        saved = save_matcher(tmp_path, Matcher(), {})
        loaded = load_matcher(saved.path, saved.sha256)
        assert (loaded.kind, loaded.version) == (MatcherKind.FORMULA, None)

    def test_the_name_tells_the_hash_and_no_other_file_is_left(self, saved: Artifact) -> None:
        assert saved.sha256 == hashlib.sha256(saved.path.read_bytes()).hexdigest()
        assert [path.name for path in saved.path.parent.iterdir()] == [f"matcher-{saved.sha256[:16]}.skops"]

    def test_only_our_own_model_is_trusted(self) -> None:
        assert TRUSTED_TYPES == ("models.matching.additive.AdditiveMatcher",)

    def test_a_card_that_is_no_json_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            save_matcher(tmp_path, Matcher(), {"auc": float("nan")})


class TestDamaged:
    @pytest.mark.requirement("MEN-03")
    @pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
    def test_truncated(self, saved: Artifact, share: float) -> None:
        data = saved.path.read_bytes()
        saved.path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(DamagedArtifactError, match="its hash differs"):
            load_matcher(saved.path, saved.sha256)

    @pytest.mark.parametrize("place", [0, 100, -1])
    def test_one_bit_flipped(self, saved: Artifact, place: int) -> None:
        data = bytearray(saved.path.read_bytes())
        data[place] ^= 1
        saved.path.write_bytes(bytes(data))
        with pytest.raises(DamagedArtifactError, match="its hash differs"):
            load_matcher(saved.path, saved.sha256)

    def test_swapped_for_another_matcher(self, saved: Artifact, tmp_path: Path) -> None:
        other = save_matcher(tmp_path, fitted(2), CARD)
        saved.path.write_bytes(other.path.read_bytes())
        with pytest.raises(DamagedArtifactError, match="not the one that was recorded"):
            load_matcher(saved.path, saved.sha256)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedArtifactError, match="cannot be read"):
            load_matcher(tmp_path / "none.skops", "0" * 64)

    def test_the_card_of_a_damaged_file_is_not_told(self, saved: Artifact) -> None:
        saved.path.write_bytes(b"")
        with pytest.raises(DamagedArtifactError):
            load_card(saved.path, saved.sha256)


class Executed:
    """Leaves a mark when a file makes Python build it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("(_ for _ in ()).throw(SystemExit('ran code out of a file'))",))


class TestStrange:
    """The hash is right: whoever could change the file could change the record."""

    @pytest.mark.requirement("MEN-03")
    def test_a_pickle_is_not_read(self, tmp_path: Path) -> None:
        strange = write(tmp_path / "model.skops", pickle.dumps(Executed()))
        with pytest.raises(DamagedArtifactError, match="cannot be taken apart"):
            load_matcher(strange.path, strange.sha256)

    @pytest.mark.requirement("MEN-03")
    def test_an_unknown_type_is_not_built(self, tmp_path: Path) -> None:
        strange = write(tmp_path / "model.skops", dumps(content(heads=Path("somewhere"))))
        with pytest.raises(DamagedArtifactError, match="types no matcher has"):
            load_matcher(strange.path, strange.sha256)

    def test_another_model_is_no_head(self, tmp_path: Path) -> None:
        """The library itself trusts the models of scikit-learn."""
        tree = DecisionTreeClassifier().fit(FEATURE_VALUES, np.arange(200) % 2)
        strange = write(tmp_path / "model.skops", dumps(content(heads={"asks": tree, "succeeds": tree})))
        with pytest.raises(DamagedArtifactError):
            load_matcher(strange.path, strange.sha256)

    @pytest.mark.parametrize(
        "changes",
        [
            {"format": "another"},
            {"features": json.dumps(FEATURE_NAMES[::-1])},
            {"heads": {"asks": 1}},
            {"heads": {"asks": 1, "succeeds": 2}},
            {"heads": [1]},
            {"card": 5},
        ],
    )
    def test_another_content_is_no_matcher(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        strange = write(tmp_path / "model.skops", dumps(content(**changes)))
        with pytest.raises(DamagedArtifactError):
            load_matcher(strange.path, strange.sha256)

    def test_no_mapping_is_no_matcher(self, tmp_path: Path) -> None:
        strange = write(tmp_path / "model.skops", dumps([1, 2]))
        with pytest.raises(DamagedArtifactError, match="no matcher of this format"):
            load_matcher(strange.path, strange.sha256)

    @pytest.mark.parametrize("attribute", ["steps_", "intercept_"])
    def test_a_head_without_numbers_is_no_head(self, tmp_path: Path, attribute: str) -> None:
        head = create_head().fit_prior()
        setattr(head, attribute, getattr(head, attribute) * np.nan)
        strange = write(tmp_path / "model.skops", dumps(content(heads={"asks": head, "succeeds": head})))
        with pytest.raises(DamagedArtifactError, match="no numbers of the features"):
            load_matcher(strange.path, strange.sha256)

    def test_a_head_of_another_shape_is_no_head(self, tmp_path: Path) -> None:
        head = create_head().fit_prior()
        head.steps_ = head.steps_[:3]
        strange = write(tmp_path / "model.skops", dumps(content(heads={"asks": head, "succeeds": head})))
        with pytest.raises(DamagedArtifactError):
            load_matcher(strange.path, strange.sha256)

    def test_a_head_of_other_bounds_is_no_head(self, tmp_path: Path) -> None:
        head = create_head().set_params(bounds=(0.0, 2.0)).fit_prior()
        strange = write(tmp_path / "model.skops", dumps(content(heads={"asks": head, "succeeds": head})))
        with pytest.raises(DamagedArtifactError, match="other bounds"):
            load_matcher(strange.path, strange.sha256)

    def test_a_card_that_is_no_object_is_not_told(self, tmp_path: Path) -> None:
        strange = write(tmp_path / "model.skops", dumps(content(card="[1]")))
        with pytest.raises(DamagedArtifactError, match="not an object"):
            load_card(strange.path, strange.sha256)
