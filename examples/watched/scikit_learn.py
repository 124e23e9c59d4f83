"""A perceptron of scikit-learn, which has no callbacks: its data are described, and its curves logged by hand.

MLFLOW_TRACKING_URI=sqlite:///mlflow.db python scikit_learn.py
"""

import mlflow
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from tracker_diag import profile_data

EPOCHS = 30


def main() -> None:
    """Train it epoch by epoch."""
    x, y = load_digits(return_X_y=True)
    x, x_val, y, y_val = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x)
    x, x_val = scaler.transform(x), scaler.transform(x_val)
    model = MLPClassifier((64,), learning_rate_init=1e-3, batch_size=50, random_state=0)

    with mlflow.start_run(run_name="scikit-learn") as run:
        settings = model.get_params()
        mlflow.log_params({name: settings[name] for name in ("solver", "learning_rate_init", "batch_size", "alpha")})
        mlflow.log_param("epochs", EPOCHS)
        mlflow.log_dict(profile_data(x, y, X_val=x_val, y_val=y_val), "diagnosis/profile.json")
        classes = np.unique(y)
        for epoch in range(EPOCHS):
            model.partial_fit(x, y, classes=classes)
            curves = {
                "train_loss": log_loss(y, model.predict_proba(x)),
                "val_loss": log_loss(y_val, model.predict_proba(x_val)),
                "train_accuracy": model.score(x, y),
                "val_accuracy": model.score(x_val, y_val),
            }
            mlflow.log_metrics(curves, step=epoch)
    print(run.info.run_id)


if __name__ == "__main__":
    main()
