# ruff: noqa: E501 - the tables read best with one case a line
"""Names of many frameworks, and names nobody has listed, find their roles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_diag.core.run import Run
from tracker_diag.roles.parts import SUM
from tracker_diag.roles.resolve import Roles, resolve
from tracker_diag.roles.role_names import all_roles, what_to_log
from tracker_diag.settings.settings import Settings, SettingsError, parse_settings

FALLING = [[i, 2.0 * 0.9**i] for i in range(20)]


def curve(name: str, points: int = 20) -> list[list[float]]:
    """A curve of its own for each name, so that a mix-up shows."""
    offset = sum(map(ord, name)) / 1e4
    return [[i, 2.0 * 0.9**i + offset] for i in range(points)]


def of(metrics: str | dict[str, int] = "", params: dict[str, object] | None = None, **options: object) -> Roles:
    lengths = metrics if isinstance(metrics, dict) else dict.fromkeys(metrics.split(), 20)
    run = Run.from_dict({"id": "r", "metrics": {n: curve(n, k) for n, k in lengths.items()}, "params": params or {}})
    return resolve(run, Settings(**options))


def metric_names(roles: Roles) -> dict[str, str]:
    return {role: series.name for role, series in roles.metrics.items()}


METRICS = {
    # by framework, the names and who plays which role
    "keras": ("loss val_loss accuracy val_accuracy", {"train_loss": "loss", "val_loss": "val_loss", "train_score": "accuracy", "val_score": "val_accuracy"}),
    "keras, rate logged": ("loss val_loss lr", {"train_loss": "loss", "val_loss": "val_loss", "learning_rate": "lr"}),
    "keras, several outputs": (
        "loss main_output_loss aux_output_loss val_loss val_main_output_loss val_aux_output_loss",
        {"train_loss": "loss", "val_loss": "val_loss"},
    ),
    "keras, sparse": (
        "sparse_categorical_accuracy loss val_sparse_categorical_accuracy val_loss",
        {"train_loss": "loss", "val_loss": "val_loss", "train_score": "sparse_categorical_accuracy", "val_score": "val_sparse_categorical_accuracy"},
    ),
    "tensorboard": (
        "epoch_loss epoch_val_loss epoch_accuracy epoch_val_accuracy",
        {"train_loss": "epoch_loss", "val_loss": "epoch_val_loss", "train_score": "epoch_accuracy", "val_score": "epoch_val_accuracy"},
    ),
    "tensorboard by iteration": (
        "epoch_loss evaluation_loss_vs_iterations",
        {"train_loss": "epoch_loss", "val_loss": "evaluation_loss_vs_iterations"},
    ),
    "lightning": (
        "train_loss_step train_loss_epoch val_loss epoch lr-AdamW grad_2.0_norm_total",
        {"train_loss": "train_loss_epoch", "val_loss": "val_loss", "epoch": "epoch", "learning_rate": "lr-AdamW", "gradient_norm": "grad_2.0_norm_total"},
    ),
    "lightning, loaders": (
        "train/loss_epoch val/loss/dataloader_idx_0 val/loss/dataloader_idx_1 lr-SGD lr-SGD-momentum",
        {"train_loss": "train/loss_epoch", "val_loss": "val/loss/dataloader_idx_0", "learning_rate": "lr-SGD"},
    ),
    "hugging face": (
        {"loss": 40, "eval_loss": 5, "train_loss": 1, "grad_norm": 40, "learning_rate": 40, "epoch": 40, "eval_accuracy": 5, "eval_runtime": 5, "eval_samples_per_second": 5, "eval_steps_per_second": 5, "train_runtime": 1, "total_flos": 1, "train_samples_per_second": 1},
        {"train_loss": "loss", "val_loss": "eval_loss", "val_score": "eval_accuracy", "gradient_norm": "grad_norm", "learning_rate": "learning_rate", "epoch": "epoch"},
    ),
    "hugging face in wandb": (
        {"train/loss": 40, "eval/loss": 5, "train/train_loss": 1, "train/grad_norm": 40, "train/learning_rate": 40, "train/global_step": 40, "train/epoch": 40, "eval/f1": 5},
        {"train_loss": "train/loss", "val_loss": "eval/loss", "val_score": "eval/f1", "gradient_norm": "train/grad_norm", "learning_rate": "train/learning_rate", "epoch": "train/epoch"},
    ),
    "fastai": (
        "train_loss valid_loss accuracy lr_0 mom_0 wd_0 eps_0",
        {"train_loss": "train_loss", "valid_loss": "", "val_loss": "valid_loss", "val_score": "accuracy", "learning_rate": "lr_0"},
    ),
    "xgboost": ("train-rmse eval-rmse", {"train_loss": "train-rmse", "val_loss": "eval-rmse"}),
    "xgboost, classes": ("train-mlogloss test-mlogloss train-merror test-merror", {"train_loss": "train-mlogloss", "val_loss": "test-mlogloss", "train_score": "train-merror", "val_score": "test-merror"}),
    "xgboost, scikit-learn": ("validation_0-logloss validation_1-logloss", {"train_loss": "validation_0-logloss", "val_loss": "validation_1-logloss"}),
    "xgboost, one set": ("validation_0-logloss validation_0-auc", {"val_loss": "validation_0-logloss", "val_score": "validation_0-auc"}),
    "lightgbm": ("training-binary_logloss valid_1-binary_logloss training-auc valid_1-auc", {"train_loss": "training-binary_logloss", "val_loss": "valid_1-binary_logloss", "train_score": "training-auc", "val_score": "valid_1-auc"}),
    "lightgbm, l2": ("training-l2 valid_0-l2", {"train_loss": "training-l2", "val_loss": "valid_0-l2"}),
    "catboost": ("learn/Logloss validation/Logloss learn/AUC validation/AUC", {"train_loss": "learn/Logloss", "val_loss": "validation/Logloss", "train_score": "learn/AUC", "val_score": "validation/AUC"}),
    "detectron2": (
        "total_loss loss_cls loss_box_reg loss_rpn_cls loss_rpn_loc validation_loss lr bbox/AP data_time time",
        {"train_loss": "total_loss", "val_loss": "validation_loss", "learning_rate": "lr", "val_score": "bbox/AP"},
    ),
    "yolo": (
        "train/box_loss train/cls_loss train/dfl_loss val/box_loss val/cls_loss val/dfl_loss lr/pg0 lr/pg1 metrics/mAP50 metrics/mAP50-95",
        {"train_loss": "train/box_loss + train/cls_loss + train/dfl_loss", "val_loss": "val/box_loss + val/cls_loss + val/dfl_loss", "learning_rate": "lr/pg0", "val_score": "metrics/mAP50"},
    ),
    "ignite": ("training/loss validation/loss validation/accuracy", {"train_loss": "training/loss", "val_loss": "validation/loss", "val_score": "validation/accuracy"}),
    "stable baselines": (
        "rollout/ep_rew_mean rollout/ep_len_mean train/loss train/value_loss train/policy_gradient_loss train/learning_rate eval/mean_reward time/fps",
        {"train_loss": "train/loss", "train_score": "rollout/ep_rew_mean", "val_score": "eval/mean_reward", "learning_rate": "train/learning_rate"},
    ),
    "nanogpt": ("train/loss val/loss lr mfu iter", {"train_loss": "train/loss", "val_loss": "val/loss", "learning_rate": "lr"}),
    "fairseq": ("train/loss train/nll_loss train/ppl valid/loss valid/nll_loss valid/ppl train/gnorm train/lr train/clip", {"train_loss": "train/loss", "val_loss": "valid/loss", "train_score": "train/ppl", "val_score": "valid/ppl", "gradient_norm": "train/gnorm", "learning_rate": "train/lr"}),
    "vae": ("train_loss train_kl_loss train_recon_loss val_loss val_kl_loss val_recon_loss", {"train_loss": "train_loss", "val_loss": "val_loss"}),
    "vae, parts only": ("train_kl_loss train_recon_loss val_kl_loss val_recon_loss", {"train_loss": "train_kl_loss + train_recon_loss", "val_loss": "val_kl_loss + val_recon_loss"}),
    "system metrics": ("loss val_loss system/cpu_utilization_percentage system/gpu_0_memory_usage_percentage", {"train_loss": "loss", "val_loss": "val_loss"}),
    # names that nobody has listed
    "one curve": ("loss", {"train_loss": "loss"}),
    "camel case": ("trainLoss valLoss trainAcc valAcc", {"train_loss": "trainLoss", "val_loss": "valLoss", "train_score": "trainAcc", "val_score": "valAcc"}),
    "pascal case": ("TrainLoss ValidationLoss TestLoss", {"train_loss": "TrainLoss", "val_loss": "ValidationLoss", "test_loss": "TestLoss"}),
    "split last": ("Loss/train Loss/val Acc/train Acc/val", {"train_loss": "Loss/train", "val_loss": "Loss/val", "train_score": "Acc/train", "val_score": "Acc/val"}),
    "split last, underscore": ("loss_tr loss_va1 loss_val loss_ts", {"train_loss": "loss_tr", "val_loss": "loss_val"}),
    "dots": ("metrics.train.loss metrics.val.loss", {"train_loss": "metrics.train.loss", "val_loss": "metrics.val.loss"}),
    "letters": ("L_tr L_dev", {"train_loss": "L_tr", "val_loss": "L_dev"}),
    "xent": ("xent_trn xent_dev", {"train_loss": "xent_trn", "val_loss": "xent_dev"}),
    "nll": ("nll val_nll", {"train_loss": "nll", "val_loss": "val_nll"}),
    "cross entropy": ("fit/cross_entropy holdout/cross_entropy", {"train_loss": "fit/cross_entropy", "val_loss": "holdout/cross_entropy"}),
    "rmse": ("rmse val_rmse", {"train_loss": "rmse", "val_loss": "val_rmse"}),
    "mse and mae": ("mse mae val_mse val_mae", {"train_loss": "mse", "val_loss": "val_mse", "train_score": "mae", "val_score": "val_mae"}),
    "loss and mse": ("loss val_loss mse val_mse", {"train_loss": "loss", "val_loss": "val_loss", "train_score": "mse", "val_score": "val_mse"}),
    "objective": ("objective/training objective/heldout", {"train_loss": "objective/training", "val_loss": "objective/heldout"}),
    "cost": ("train_cost dev_cost", {"train_loss": "train_cost", "val_loss": "dev_cost"}),
    "perplexity": ("train_perplexity valid_perplexity", {"train_loss": "train_perplexity", "val_loss": "valid_perplexity"}),
    "glued": ("trainloss valloss testacc", {"train_loss": "trainloss", "val_loss": "valloss", "test_score": "testacc"}),
    "short": ("tloss vloss tacc vacc", {"train_loss": "tloss", "val_loss": "vloss", "train_score": "tacc", "val_score": "vacc"}),
    "spaces": ({"Training Loss": 20, "Validation Loss": 20, "Validation Accuracy (%)": 20}, {"train_loss": "Training Loss", "val_loss": "Validation Loss", "val_score": "Validation Accuracy (%)"}),
    "best so far": ("train_loss val_loss best_val_loss min_val_loss", {"train_loss": "train_loss", "val_loss": "val_loss"}),
    "accuracy first": ("train_f1 train_acc val_f1 val_acc", {"train_score": "train_acc", "val_score": "val_acc"}),
    "paired first": ("train_f1 val_f1 val_acc", {"train_score": "train_f1", "val_score": "val_f1"}),
    "per class": ("train_acc val_acc val_acc_class_0 val_acc_class_1", {"train_score": "train_acc", "val_score": "val_acc"}),
    "top 5": ("val_top5_acc val_acc", {"val_score": "val_acc"}),
    "iou": ("train/mIoU val/mIoU", {"train_score": "train/mIoU", "val_score": "val/mIoU"}),
    "dice and its loss": ("train_dice_loss val_dice_loss train_dice val_dice", {"train_loss": "train_dice_loss", "val_loss": "val_dice_loss", "train_score": "train_dice", "val_score": "val_dice"}),
    "bleu": ("train_loss dev_loss dev_bleu", {"train_loss": "train_loss", "val_loss": "dev_loss", "val_score": "dev_bleu"}),
    "wer": ("train/ctc_loss val/ctc_loss val/wer", {"train_loss": "train/ctc_loss", "val_loss": "val/ctc_loss", "val_score": "val/wer"}),
    "test for want of validation": ("train_loss test_loss train_acc test_acc", {"train_loss": "train_loss", "val_loss": "test_loss", "train_score": "train_acc", "val_score": "test_acc"}),
    "test kept apart": ("train_loss val_loss test_loss test_acc", {"train_loss": "train_loss", "val_loss": "val_loss", "test_loss": "test_loss", "test_score": "test_acc"}),
    "namespaces": ("train/val_loss train/loss", {"train_loss": "train/loss", "val_loss": "train/val_loss"}),
    "measured on train": ("eval_train_loss eval_val_loss", {"train_loss": "eval_train_loss", "val_loss": "eval_val_loss"}),
    "running": ("running_train_loss train_epoch_loss val_epoch_loss", {"train_loss": "train_epoch_loss", "val_loss": "val_epoch_loss"}),
    "weights of losses": ("loss val_loss loss_weight loss_scale kl_weight", {"train_loss": "loss", "val_loss": "val_loss", "loss_scale": "loss_scale"}),
    "average": ("avg_train_loss avg_val_loss", {"train_loss": "avg_train_loss", "val_loss": "avg_val_loss"}),
    "bits": ("train_bpd eval_bpd", {"train_loss": "train_bpd", "val_loss": "eval_bpd"}),
    "log loss": ("log_loss_train log_loss_cv", {"train_loss": "log_loss_train", "val_loss": "log_loss_cv"}),
    "own stem": ("train_foobar_loss val_foobar_loss", {"train_loss": "train_foobar_loss", "val_loss": "val_foobar_loss"}),
    "own stem, one side": ("train_frob_loss val_loss", {"train_loss": "train_frob_loss", "val_loss": "val_loss"}),
    "part on one side only": ("train_loss val_kl_loss", {"train_loss": "train_loss"}),
    "folds": ("fold_0/train_loss fold_0/val_loss fold_1/train_loss fold_1/val_loss", {"train_loss": "fold_0/train_loss", "val_loss": "fold_0/val_loss"}),
    "global norm": ("grads/global_norm train_loss", {"gradient_norm": "grads/global_norm", "train_loss": "train_loss"}),
    "per-layer norms": ("grad_norm/layer1 grad_norm/layer2 grad_norm/total", {"gradient_norm": "grad_norm/total"}),
    "update ratio": ("update_ratio dead_relu_fraction weight_norm", {"update_ratio": "update_ratio", "dead_units": "dead_relu_fraction", "weight_norm": "weight_norm"}),
    "error rate": ("train_err val_err", {"train_score": "train_err", "val_score": "val_err"}),
    "huber": ("huber val_huber", {"train_loss": "huber", "val_loss": "val_huber"}),
    "nothing": ("banana kiwi runtime", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", METRICS)
def test_metrics(case: str) -> None:
    names, expected = METRICS[case]
    assert metric_names(of(names)) == {role: name for role, name in expected.items() if name}


PARAMS: list[tuple[str, object, dict[str, object]]] = [
    # learning rate
    *[(n, 0.003, {"learning_rate": 0.003}) for n in (
        "lr", "learning_rate", "learningRate", "LearningRate", "LR", "base_lr", "init_lr", "initial_lr", "lr0", "max_lr", "eta", "step_size", "alpha_lr", "opt/lr",
        "optimizer.learning_rate", "optimizer_learning_rate", "opt_learning_rate", "hparams/lr", "hp.lrate", "learning_rate_init", "optim.args.lr", "solver/base_lr", "train.learning-rate",
        "optimizer/param_groups/0/lr", "trainer.optim.lr", "peak_lr", "lr_init", "adam_lr", "model.optimizer_config.lr", "initial learning rate", "sgd_learning_rate", "start_lr",
    )],
    *[(n, 0.003, {}) for n in ("lr_decay", "lr_gamma", "warmup_lr", "discriminator_lr", "lr_find_threshold", "beta1", "eps", "adam_epsilon", "layer_lr_decay", "lr_factor")],
    ("min_lr", 1e-6, {"min_learning_rate": 1e-6}), ("eta_min", 0.0, {"min_learning_rate": 0.0}), ("lr_end", 1e-5, {"min_learning_rate": 1e-5}), ("end_lr", 1e-5, {"min_learning_rate": 1e-5}),
    ("step_size", 30, {}), ("step_size", 0.1, {"learning_rate": 0.1}), ("scheduler.step_size", 30, {}), ("StepLR_step_size", 30, {}),
    *[(n, "cosine", {"scheduler": "cosine"}) for n in ("lr_scheduler", "scheduler", "lr_schedule", "lr_scheduler_type", "scheduler/name", "sched", "schedule", "lr_policy", "learning_rate_schedule", "scheduler_type")],
    ("learning_rate", "constant", {"scheduler": "constant"}),
    *[(n, 100, {"warmup_steps": 100}) for n in ("warmup_steps", "num_warmup_steps", "warmup", "scheduler.warmup_iters", "lr_warmup_steps")],
    # sizes and counts
    *[(n, 64, {"batch_size": 64}) for n in (
        "batch_size", "batchsize", "batchSize", "bs", "mb_size", "minibatch_size", "train_batch_size", "per_device_train_batch_size", "data/batch_size", "hparams.bs", "batch", "BATCH_SIZE",
        "dataloader.batch_size", "train/batch_size", "bsz", "global_batch_size", "samples_per_batch",
    )],
    *[(n, 64, {}) for n in ("val_batch_size", "eval_batch_size", "per_device_eval_batch_size", "test_batch_size", "num_workers", "log_every_n_steps", "save_steps", "eval_steps", "image_size", "vocab_size", "prefetch_batches")],
    *[(n, 4, {"gradient_accumulation": 4}) for n in ("gradient_accumulation_steps", "accumulate_grad_batches", "accum_steps", "grad_accum", "gradient_accumulation", "grad_acc_steps")],
    *[(n, 20, {"epochs": 20}) for n in ("epochs", "n_epoch", "num_epochs", "nepochs", "max_epochs", "num_train_epochs", "EPOCHS", "epoch", "trainer/max_epochs", "nb_epoch", "training.n_epochs", "total_epochs", "train_epochs", "maxEpochs", "number_of_epochs")],
    *[(n, 20, {}) for n in ("log_every_n_epochs", "epochs_since_best", "warm_up_period_x", "check_val_every_n_epoch", "save_every_epoch")],
    ("warmup_epochs", 5, {"warmup_steps": 5}),
    *[(n, 5000, {"max_steps": 5000}) for n in ("max_steps", "num_steps", "total_steps", "max_iter", "max_iters", "train_iterations", "n_iterations", "total_timesteps", "num_training_steps", "trainer.max_steps")],
    ("max_steps", -1, {}),
    # optimiser
    *[(n, "AdamW", {"optimizer": "adamw"}) for n in ("optimizer", "opt", "optim", "optimizer_name", "opt_name", "optimizer/name", "optimiser", "optimizer._target_", "optim.type", "optimizer.class_path", "OPTIMIZER", "optimizer_type", "hparams/optim", "training.optimizer", "opt_type", "optimizer_class")],
    *[("optimizer", text, {"optimizer": name}) for text, name in (
        ("torch.optim.adamw.AdamW", "adamw"), ("<class 'torch.optim.sgd.SGD'>", "sgd"), ("adam", "adam"), ("Adam", "adam"), ("tf.keras.optimizers.legacy.Adam", "adam"), ("adamw_torch_fused", "adamw"),
        ("paged_adamw_8bit", "adamw"), ("RMSprop", "rmsprop"), ("keras.optimizers.RMSprop", "rmsprop"), ("Adagrad", "adagrad"), ("Adadelta", "adadelta"), ("lion_pytorch.Lion", "lion"), ("L-BFGS", "lbfgs"),
        ("lbfgs", "lbfgs"), ("NAdam", "nadam"), ("RAdam", "radam"), ("FusedLAMB", "lamb"), ("sgd_nesterov", "sgd"), ("adafactor", "adafactor"), ("<torch.optim.adam.Adam object at 0x7f>", "adam"),
        ("optax.adamw", "adamw"), ("AdamWeightDecayOptimizer", "adamw"), ("Muon", "muon"), ("MyOwnThing", "myownthing"), ("momentum", "sgd"), ("SGD with momentum", "sgd"), ("AdaMax", "adamax"),
    )],
    ("solver", "lbfgs", {"optimizer": "lbfgs"}),
    *[(n, 0.9, {"momentum": 0.9}) for n in ("momentum", "optimizer.momentum", "sgd_momentum", "mom", "opt/momentum")],
    *[(n, 0.9, {}) for n in ("bn_momentum", "batch_norm.momentum", "ema_momentum_teacher", "optimizer_betas")],
    *[(n, 0.01, {"weight_decay": 0.01}) for n in ("weight_decay", "wd", "l2", "optimizer/weight_decay", "weightDecay", "l2_reg", "reg_lambda", "l2_regularization", "decay_weight", "hparams/wd", "optimizer_weight_decay", "l2_penalty", "weight-decay")],
    ("weight_decay", None, {"weight_decay": 0.0}), ("l1", 0.01, {}),
    # regularisation
    *[(n, 0.3, {"dropout": 0.3}) for n in ("dropout", "p_drop", "drop_rate", "dropout_rate", "dropoutRate", "drop_prob", "hidden_dropout_prob", "model/dropout", "pdrop", "dropout_p", "dropout_prob", "net.dropout", "fc_dropout", "do", "drop", "DROPOUT", "classifier_dropout")],
    ("dropout_seed", 0.3, {}), ("dropout_keep", 0.8, {}), ("keep_prob", 0.8, {}), ("dropout", 1.5, {}), ("drop_path_rate", 0.1, {"stochastic_depth": 0.1}), ("drop_last", True, {}),
    ("label_smoothing", 0.1, {"label_smoothing": 0.1}), ("label_smoothing_factor", 0.1, {"label_smoothing": 0.1}), ("smoothing", 0.1, {"label_smoothing": 0.1}),
    ("augment", True, {"augmentation": True}), ("data_aug", "randaugment", {"augmentation": "randaugment"}), ("use_augmentation", "False", {"augmentation": False}), ("hflip", 1, {"augmentation": True}),
    ("mixup", 0.2, {"mixup": 0.2}), ("mixup_alpha", 0.2, {"mixup": 0.2}),
    ("early_stopping", True, {"early_stopping": True}), ("early_stopping_rounds", 50, {"early_stopping": 50}), ("early_stop", "false", {"early_stopping": False}),
    ("early_stopping_patience", 10, {"early_stopping": 10, "patience": 10}), ("patience", 7, {"early_stopping": 7, "patience": 7}),
    ("lr_patience", 7, {}), ("scheduler.patience", 7, {}), ("reduce_lr_patience", 7, {}),
    *[(n, 1.0, {"gradient_clip": 1.0}) for n in ("grad_clip", "clip", "max_grad_norm", "gradient_clip_val", "clip_grad_norm", "clipnorm", "grad_clip_norm", "clip_norm", "gradient_clipping", "optimizer.clipnorm", "trainer/gradient_clip_val", "gradient_clip")],
    ("max_grad_norm", None, {"gradient_clip": 0.0}), ("clip_range", 0.2, {}), ("gradient_clip_algorithm", "norm", {}),
    # network
    *[(n, 128, {"hidden_units": 128}) for n in ("hidden_units", "hidden_dim", "hidden_size", "hparams/hidden", "units", "n_hidden", "width", "fc_dim", "d_model", "model/hidden_dim", "hiddenSize", "num_hidden", "nhid_hidden", "n_units", "hidden", "neurons", "model.hidden_channels", "num_units", "hid_dim", "dense_units", "fc1_units", "lstm_units", "h_dim_hidden", "hidden_width", "layer_size")],
    ("hidden_layer_sizes", "(100,)", {"hidden_units": 100, "layers": 1, "layer_widths": (100,)}),
    ("hidden_layer_sizes", (64, 32), {"hidden_units": 64, "layers": 2, "layer_widths": (64, 32)}),
    ("hidden_sizes", "[64, 64, 10]", {"hidden_units": 64, "layers": 3, "layer_widths": (64, 64, 10)}),
    *[(n, "[64]", {"hidden_units": 64, "layers": 1, "layer_widths": (64,)}) for n in ("hidden_layers", "layers")],
    ("layers", "64-32-16", {"hidden_units": 64, "layers": 3, "layer_widths": (64, 32, 16)}),
    *[(n, 3, {"layers": 3}) for n in ("layers", "num_layers", "depth", "n_layers", "model/depth", "nb_layers", "numLayers", "num_hidden_layers", "n_layer", "net.num_layers", "hidden_layers")],
    *[(n, 6, {"max_depth": 6}) for n in ("max_depth", "max_depth", "max_max_depth")], ("max_depth", "-1", {}), ("max_depth", None, {}),
    *[(n, 31, {"num_leaves": 31}) for n in ("num_leaves", "max_leaves", "max_leaf_nodes")],
    *[(n, 20, {"leaf_examples": 20}) for n in ("min_child_samples", "min_data_in_leaf", "min_samples_leaf", "min_child_weight")], ("min_child_weight", 0.001, {}),
    *[(n, "relu", {"activation": "relu"}) for n in ("activation", "act", "hidden_act", "activation_fn", "nonlinearity", "model/activation", "act_fn", "activation_function", "actFn", "hidden_activation")],
    ("activation", "torch.nn.ReLU", {"activation": "relu"}), ("activation", "nn.LeakyReLU()", {"activation": "leaky_relu"}), ("activation", "logistic", {"activation": "sigmoid"}), ("activation", "swish", {"activation": "silu"}),
    ("output_activation", "softmax", {"output_activation": "softmax"}), ("final_activation", "Sigmoid", {"output_activation": "sigmoid"}),
    *[(n, "kaiming_normal_", {"initialiser": "he"}) for n in ("init", "initializer", "weight_init", "kernel_initializer", "initialisation", "init_method", "weight_initialization")],
    ("init", "glorot_uniform", {"initialiser": "xavier"}), ("init", "zeros", {"initialiser": "zeros"}), ("init", "normal:0.05", {"initialiser": "normal", "init_scale": 0.05}), ("initializer_range", 0.02, {"init_scale": 0.02}), ("init_std", 0.02, {"init_scale": 0.02}),
    ("batch_norm", True, {"normalisation": "batch"}), ("use_bn", "True", {"normalisation": "batch"}), ("norm", "layer", {"normalisation": "layer"}), ("norm_layer", "torch.nn.BatchNorm2d", {"normalisation": "batch"}), ("layer_norm", False, {"normalisation": "none"}),
    ("residual", True, {"residual": True}), ("skip_connections", "true", {"residual": True}),
    ("pretrained", True, {"pretrained": True}), ("weights", "imagenet", {"pretrained": "imagenet"}), ("finetune", "False", {"pretrained": False}),
    ("model", "resnet50", {"model": "resnet50"}), ("arch", "mlp", {"model": "mlp"}), ("model_name", "bert-base", {"model": "bert-base"}),
    # data
    *[(n, 1500, {"n_train": 1500}) for n in ("n_train", "train_size", "train_samples", "num_train_samples", "data/train_size", "num_train", "n_samples", "ntrain", "training_examples", "num_training_examples", "trainSetSize", "dataset.n_train", "n_train_samples", "train_set_size", "len_train", "max_train_samples")],
    *[(n, 300, {"n_val": 300}) for n in ("n_val", "num_val", "val_size", "valid_samples", "validation_size", "data/val_size", "num_val_samples", "n_valid", "eval_samples", "dev_size")],
    ("val_split", 0.2, {"val_fraction": 0.2}), ("validation_split", "0.1", {"val_fraction": 0.1}), ("val_size", 0.2, {"val_fraction": 0.2}), ("validation_fraction", 0.1, {"val_fraction": 0.1}), ("train_size", 0.8, {}),
    *[(n, 10, {"n_classes": 10, "task": "classification"}) for n in ("num_classes", "n_classes", "nb_classes", "data/num_classes", "numClasses", "num_labels", "output_classes", "n_class", "nclass", "number_of_classes")],
    *[(n, 30, {"n_features": 30}) for n in ("n_features", "input_dim", "num_features", "in_features", "num_inputs", "input_size", "input_features")],
    *[(n, 12345, {"n_parameters": 12345}) for n in ("n_parameters", "num_params", "total_params", "trainable_params", "n_params", "model/num_parameters", "parameter_count", "trainable_parameters")],
    ("shuffle", "False", {"shuffle": False}), ("shuffle_train", 1, {"shuffle": True}), ("data.shuffle", "no", {"shuffle": False}), ("shuffle_buffer", 100, {}),
    ("scaler", "StandardScaler", {"input_scaling": "StandardScaler"}), ("normalize", True, {"input_scaling": True}), ("standardize", "false", {"input_scaling": False}), ("normalize_inputs", "True", {"input_scaling": True}), ("feature_scaling", "minmax", {"input_scaling": "minmax"}),
    ("class_weight", "balanced", {"class_weight": "balanced"}), ("class_weights", "[1.0, 3.0]", {"class_weight": (1.0, 3.0)}), ("scale_pos_weight", 10.0, {"class_weight": 10.0}),
    # the rest
    ("loss", "categorical_crossentropy", {"loss_function": "cross_entropy", "task": "classification"}), ("criterion", "torch.nn.MSELoss", {"loss_function": "mse", "task": "regression"}), ("loss_fn", "nn.CrossEntropyLoss()", {"loss_function": "cross_entropy", "task": "classification"}),
    ("objective", "reg:squarederror", {"loss_function": "mse", "task": "regression"}), ("objective", "binary:logistic", {"loss_function": "binary_cross_entropy", "task": "classification"}), ("loss_function", "smooth_l1", {"loss_function": "huber", "task": "regression"}),
    ("task", "regression", {"task": "regression"}), ("problem_type", "multiclass classification", {"task": "classification"}),
    ("seed", 42, {"seed": 42}), ("random_state", 0, {"seed": 0}), ("random_seed", "7", {"seed": 7}), ("rng_seed", 7, {"seed": 7}),
    ("fp16", True, {"precision": "fp16"}), ("precision", "bf16-mixed", {"precision": "bf16-mixed"}), ("mixed_precision", "fp16", {"precision": "fp16"}), ("fp16", False, {"precision": False}),
    ("fc1_dim", 64, {"hidden_units": 64}), ("update_rule", "adam", {"optimizer": "adam"}), ("phi", "tanh", {"activation": "tanh"}), ("lr_scheduler_class", "torch.optim.lr_scheduler.StepLR", {"scheduler": "StepLR"}),
    ("block_size", 1024, {}), ("init_from", "scratch", {"pretrained": False}), ("model_name_or_path", "bert-base", {"pretrained": "bert-base"}), ("scale", 0.5, {}), ("augmentations", "['flip', 'crop']", {"augmentation": True}),
    ("max_steps", "-1", {}), ("validation_split", 0.0, {}),
    ("n_estimators", 100, {"n_estimators": 100}), ("num_boost_round", 100, {"n_estimators": 100}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), PARAMS, ids=[f"{n}={v}" for n, v, _ in PARAMS])
def test_params(name: str, value: object, expected: dict[str, object]) -> None:
    assert dict(of(params={name: value}).params) == expected


def test_keras_validation_loss_logged_at_step_zero_loses_to_val_loss() -> None:
    metrics = {"loss": curve("loss"), "validation_loss": [[0, v] for _, v in curve("x")], "val_loss": curve("val_loss")}
    roles = resolve(Run.from_dict({"id": "r", "metrics": metrics}), Settings())
    assert roles.metrics["val_loss"].name == "val_loss"


def test_a_metric_named_outright_wins_and_an_unknown_name_is_noted() -> None:
    roles = of("loss val_loss my/metric", roles={"val_loss": "my/metric", "train_loss": "missing"})
    assert metric_names(roles) == {"train_loss": "loss", "val_loss": "my/metric"}
    assert roles.names["val_loss"] == "my/metric"
    assert any("missing" in note for note in roles.notes)


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^here: roles: no role 'vloss'; did you mean 'val_loss'"):
        parse_settings({"roles": {"vloss": "loss"}}, "here")


def test_a_parameter_named_outright_is_checked() -> None:
    assert of(params={"lr": 0.1, "zeta": "0.2"}, roles={"learning_rate": "zeta"}).params["learning_rate"] == 0.2
    refused = of(params={"lr": 0.1, "zeta": "soon"}, roles={"learning_rate": "zeta"})
    assert refused.params["learning_rate"] == 0.1
    assert any("zeta" in note for note in refused.notes)


def test_words_of_the_user_come_first() -> None:
    roles = of(
        "loss val_loss zorp_held zorp_held_part",
        {"lr": 0.1, "blorp": 0.2},
        vocabulary={"val_loss": ["zorp held"], "learning_rate": ["blorp"]},
    )
    assert roles.metrics["val_loss"].name == "zorp_held"
    assert roles.params["learning_rate"] == 0.2


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_accuracy", "max"),
        ("val_err", "min"),
        ("val_wer", "min"),
        ("val_auc", "max"),
        ("val_r2", "max"),
        ("val_neg_mean_squared_error", "max"),
        ("val_fid", "min"),
    ],
)
def test_direction(name: str, direction: str) -> None:
    facts = of(f"train_loss val_loss {name}").facts
    assert {role: fact.better for role, fact in facts.items()} == {
        "train_loss": "min",
        "val_loss": "min",
        "val_score": direction,
    }


def test_direction_told_by_the_user() -> None:
    assert of("val_loss val_score", directions={"val_score": "min"}).facts["val_score"].better == "min"


def test_a_rising_log_likelihood_becomes_a_loss_with_its_sign_turned() -> None:
    rising = [[i, -5 + 4 * (1 - 0.8**i)] for i in range(20)]
    roles = resolve(Run.from_dict({"id": "r", "metrics": {"train_elbo": rising, "val_elbo": rising}}), Settings())
    assert roles.metrics["train_loss"].values[-1] == pytest.approx(-rising[-1][1])
    assert roles.metrics["val_loss"].values[-1] == pytest.approx(-rising[-1][1])
    assert roles.facts["train_loss"].better == "min"
    assert any("sign" in note for note in roles.notes)


def test_an_elbo_that_falls_far_at_first_is_a_loss_although_it_rises_later() -> None:
    """The weight of its KL term is phased in: the middle lies below the end."""
    phased_in = [68.1, 27.2, 20.8, 18.9, 19.7, 21.1, 22.7, 22.9, 22.8, 22.6, 22.5, 22.4]
    points = [[i, v] for i, v in enumerate(phased_in)]
    roles = resolve(Run.from_dict({"id": "r", "metrics": {"train_elbo": points}}), Settings())
    assert roles.metrics["train_loss"].values[0] == 68.1


def test_a_falling_elbo_is_a_loss_already() -> None:
    roles = resolve(Run.from_dict({"id": "r", "metrics": {"train_elbo": FALLING}}), Settings())
    assert roles.metrics["train_loss"].values[0] == FALLING[0][1]


def test_two_rates_of_equal_standing_are_noted() -> None:
    roles = of(params={"lr": 0.1, "learning_rate": 0.2})
    assert roles.params["learning_rate"] == 0.1
    assert any("learning_rate = 0.2" in note for note in roles.notes)


def test_a_rate_that_is_text_is_not_taken_and_noted() -> None:
    roles = of(params={"lr0": "soon"})
    assert "learning_rate" not in roles.params
    assert any("lr0" in note for note in roles.notes)


def test_scikit_learn_schedule_word_and_alpha() -> None:
    roles = of(
        params={
            "hidden_layer_sizes": "(100, 50)",
            "learning_rate": "constant",
            "learning_rate_init": 0.001,
            "alpha": 1e-4,
            "solver": "adam",
            "max_iter": 200,
            "batch_size": "auto",
            "early_stopping": False,
            "n_iter_no_change": 10,
        }
    )
    assert dict(roles.params) == {
        "hidden_units": 100, "layer_widths": (100, 50), "layers": 2, "scheduler": "constant", "learning_rate": 0.001, "weight_decay": 1e-4,
        "optimizer": "adam", "epochs": 200, "early_stopping": False, "patience": 10,
    }  # fmt: skip
    assert any("batch_size" in note for note in roles.notes)


def test_nested_and_textual_parameters_speak_in_their_own_names() -> None:
    roles = of(
        params={
            "opt_kwargs": "{'lr': 0.001, 'rho': 0.9}",
            "optimizer": "AdamW(weight_decay=0.01)",
            "model": {"hidden": {"value": 32}},
        }
    )
    assert roles.names["learning_rate"] == "opt_kwargs.lr"
    assert roles.params["weight_decay"] == 0.01
    assert roles.params["optimizer"] == "adamw"
    assert roles.params["hidden_units"] == 32


def test_numbered_layers_give_the_depth() -> None:
    assert of(params={"fc1_dim": 64, "fc2_dim": 32}).params["layer_widths"] == (64, 32)
    assert of(params={"hidden_units_1": 64, "hidden_units_#": 32}).params["hidden_units"] in (64, 32)


def test_task_from_metrics_when_no_parameter_tells() -> None:
    assert of("loss val_loss accuracy val_accuracy").params["task"] == "classification"
    assert of("loss val_loss mae val_mae").params["task"] == "regression"


@pytest.mark.parametrize(
    ("metrics", "params", "trait"),
    [
        ("d_loss g_loss", {}, "adversarial"),
        ("rollout/ep_rew_mean", {}, "reinforcement"),
        ("loss", {"method": "x", "kl_anneal": 100}, "annealed"),
        ("train-rmse", {"num_boost_round": 10}, "boosting"),
        ("contrastive_loss", {}, "contrastive"),
    ],
)
def test_traits(metrics: str, params: dict[str, object], trait: str) -> None:
    assert trait in of(metrics, params).traits


def test_no_trait_without_a_sign_of_it() -> None:
    assert (
        of("loss val_loss accuracy lr", {"lr": 0.1, "epochs": 3, "generator_seed": 3, "pretrained": False}).traits
        == frozenset()
    )


def test_a_bare_score_as_long_as_the_validation_loss_is_validations() -> None:
    roles = of({"train_loss": 200, "val_loss": 20, "accuracy": 20})
    assert metric_names(roles)["val_score"] == "accuracy"
    assert any("accuracy" in note for note in roles.notes)


def test_an_ambiguous_accuracy_is_left_out_with_a_note() -> None:
    roles = of({"train_loss": 200, "val_loss": 20, "accuracy": 200})
    assert "train_score" not in roles.metrics
    assert "val_score" not in roles.metrics
    assert any("accuracy" in note for note in roles.notes)


@pytest.mark.parametrize("case", METRICS)
def test_a_duplicate_under_another_name_changes_nothing(case: str) -> None:
    names, _ = METRICS[case]
    before = of(names)
    lengths = names if isinstance(names, dict) else dict.fromkeys(names.split(), 20)
    for role in ("train_loss", "val_loss"):
        if role in before.metrics:
            original = before.metrics[role].name.split(SUM)[0]
            metrics = {n: curve(n, k) for n, k in lengths.items()} | {
                f"{original}_copy": curve(original, lengths[original])
            }
            after = resolve(Run.from_dict({"id": "r", "metrics": metrics}), Settings())
            assert set(after.metrics) == set(before.metrics)
            assert all(np.array_equal(after.metrics[r].values, s.values) for r, s in before.metrics.items())


def test_every_role_says_what_to_log() -> None:
    for role in all_roles():
        text = what_to_log(role)
        assert text.startswith(("log ", "say "))
        assert "\n" not in text
    assert what_to_log("val_loss") == "log the validation loss each epoch, e.g. as val_loss"


def test_what_to_log_suggests_a_name_that_resolves() -> None:
    for role, kind in all_roles().items():
        suggested = what_to_log(role).rsplit(" ", 1)[-1]
        if "metric" in kind:
            # What is called test stands in for validation where that is missing.
            assert of(f"val_loss {suggested}").metrics.get(role) is not None, role
        elif role not in ("control", "layer_widths"):
            assert any(
                role in of(params={suggested: v}).params
                for v in ("batch", "relu", "adam", 3, 0.1, True, "mse", "regression")
            ), role


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)
WORDY = st.lists(
    st.sampled_from(
        [
            "train",
            "val",
            "loss",
            "lr",
            "acc",
            "epoch",
            "step",
            "batch",
            "size",
            "/",
            ".",
            "_",
            "0",
            "1",
            "num",
            "opt",
            "init",
            "norm",
            "hidden",
            "drop",
            "elbo",
            "neg",
            "mse",
        ]
    ),
    min_size=1,
    max_size=5,
).map("_".join)
POINTS = st.lists(st.tuples(st.none() | st.integers(0, 50), st.floats()), max_size=6)


@given(
    st.dictionaries(st.text(max_size=30) | WORDY, JSON, max_size=12),
    st.dictionaries(st.text(max_size=30) | WORDY, POINTS, max_size=8),
    st.randoms(),
)
@settings(max_examples=150, deadline=None)
def test_anything_resolves_in_any_order(params: dict[str, object], metrics: dict[str, object], random: object) -> None:
    first = resolve(Run.from_dict({"id": "r", "params": params, "metrics": metrics}), Settings())

    def shuffled(mapping: dict[str, object]) -> dict[str, object]:
        items = list(mapping.items())
        random.shuffle(items)  # type: ignore[attr-defined]
        return dict(items)

    second = resolve(Run.from_dict({"id": "r", "params": shuffled(params), "metrics": shuffled(metrics)}), Settings())
    assert metric_names(first) == metric_names(second)
    assert repr(sorted(first.params.items(), key=lambda x: x[0])) == repr(
        sorted(second.params.items(), key=lambda x: x[0])
    )
    assert dict(first.names) == dict(second.names)
    assert first.notes == second.notes
