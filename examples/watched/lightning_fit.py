"""A network of Lightning, watched by a callback; its logger for MLflow gets the figures too.

MLFLOW_TRACKING_URI=sqlite:///mlflow.db python lightning_fit.py
"""

import lightning
import mlflow
import torch
from lightning.pytorch.loggers import MLFlowLogger
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tracker_diag.probes.lightning import Watch


class Regression(lightning.LightningModule):
    """A perceptron that learns a smooth function of eight numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
        self.loss = nn.MSELoss()

    def training_step(self, batch: list[torch.Tensor], i: int) -> torch.Tensor:
        """Give the loss of a batch."""
        loss = self.loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], i: int) -> None:
        """Log the loss of a batch."""
        self.log("val_loss", self.loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Choose one."""
        return torch.optim.AdamW(self.parameters(), lr=3e-3)


def loader(n: int, seed: int, *, shuffle: bool = False) -> DataLoader:
    """Eight numbers each, and the function of them."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=random)
    y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(n, 1, generator=random)
    return DataLoader(TensorDataset(x, y), batch_size=50, shuffle=shuffle)


def main() -> None:
    """Train it."""
    lightning.seed_everything(0, verbose=False)
    logger = MLFlowLogger("Default", run_name="lightning", tracking_uri=mlflow.get_tracking_uri())
    trainer = lightning.Trainer(
        max_epochs=15,
        accelerator="cpu",
        gradient_clip_val=1.0,
        logger=logger,
        callbacks=[Watch()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Regression(), loader(2000, seed=1, shuffle=True), loader(500, seed=2))
    print(logger.run_id)


if __name__ == "__main__":
    main()
