"""Writes models/magika/labels.json: what the model's 214 numbers stand for, with the rules of the Python package.

    pip install magika==1.0.3
    python scripts/magika/labels.py

The rows come from the model's config.min.json (its labels, thresholds and overwrite_map) and from what the package
knows of each label (content_types_kb.min.json). The rules are those of `_get_output_label_from_dl_label_and_score`
for the mode HIGH_CONFIDENCE: the threshold belongs to the model's own label; `as` says what is said in its place, and
`otherwise` what is said below the threshold, which depends on whether that other label is a text.
"""

import json
from pathlib import Path

from magika import Magika
from magika.types import ContentTypeLabel

FILE = Path(__file__).parents[2] / "models" / "magika" / "labels.json"

magika = Magika()
config = magika._model_config


def describe(label: str) -> dict[str, str]:
    info = magika._get_ct_info(ContentTypeLabel(label))
    return {"label": label, "description": info.description, "mime_type": info.mime_type, "group": info.group}


def row(label: str) -> dict[str, object]:
    said = config.overwrite_map.get(label, label)
    is_text = magika._get_ct_info(ContentTypeLabel(said)).is_text
    return {
        **describe(label),
        "threshold": config.thresholds.get(label, config.medium_confidence_threshold),
        "otherwise": describe("txt" if is_text else "unknown"),
        **({} if said == label else {"as": describe(said)}),
    }


rows = [row(str(label)) for label in config.target_labels_space]
FILE.write_text("[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in rows) + "\n]\n")
print(f"{len(rows)} labels written")
