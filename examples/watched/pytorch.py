"""A loop of PyTorch, written by hand and watched: two lines more than without.

MLFLOW_TRACKING_URI=sqlite:///mlflow.db python pytorch.py
"""

import mlflow
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tracker_diag import profile_data
from tracker_diag.probes import torch as probes

EPOCHS = 15


def rings(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of three rings around each other, with two columns of noise beside them."""
    random = torch.Generator().manual_seed(seed)
    ring = torch.randint(0, 3, (n,), generator=random)
    angle = 6.28 * torch.rand(n, generator=random)
    radius = 1.0 + ring + 0.25 * torch.randn(n, generator=random)
    noise = torch.randn(n, 2, generator=random)
    return torch.cat([torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1), noise], dim=1), ring


def main() -> None:
    """Train a perceptron, and log its curves."""
    torch.manual_seed(0)
    x, y = rings(2000, seed=1)
    x_val, y_val = rings(500, seed=2)
    loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    profile = profile_data(x.numpy(), y.numpy(), X_val=x_val.numpy(), y_val=y_val.numpy())

    with mlflow.start_run(run_name="pytorch") as run:
        mlflow.log_params({"optimizer": "adam", "learning_rate": 1e-2, "batch_size": 50, "epochs": EPOCHS})
        with probes.watch(model, optimizer, loader, loss=criterion, profile=profile) as watch:
            for epoch in range(EPOCHS):
                model.train()
                total = 0.0
                for inputs, targets in loader:
                    optimizer.zero_grad()
                    loss = criterion(model(inputs), targets)
                    loss.backward()
                    optimizer.step()
                    total += loss.item() * len(targets)
                model.eval()
                with torch.no_grad():
                    outputs = model(x_val)
                curves = {
                    "train_loss": total / len(x),
                    "val_loss": criterion(outputs, y_val).item(),
                    "val_accuracy": (outputs.argmax(dim=1) == y_val).float().mean().item(),
                }
                mlflow.log_metrics(curves, step=epoch)
                watch.epoch(**curves)
    print(run.info.run_id)


if __name__ == "__main__":
    main()
