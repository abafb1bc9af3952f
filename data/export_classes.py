"""label_encoders.pkl of a course project as classes.json: python export_classes.py label_encoders.pkl classes.json (needs joblib, scikit-learn).

Opening a pickle runs the code in it: do this only with a file that you trust. `autoint` never opens one.
"""

import json
import sys

import joblib

encoders = joblib.load(sys.argv[1])
classes = {field: [str(value) for value in encoder.classes_] for field, encoder in encoders.items()}
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(classes, file, ensure_ascii=False)
