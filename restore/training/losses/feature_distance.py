"""How far a colouring is from the truth for VGG-19, the layers weighed as FAVC's program weighs them."""

from __future__ import annotations

from torch import Tensor

DIVISORS = {
    "conv1_2": 2.6, "conv2_2": 4.8, "conv3_1": 3.7, "conv3_2": 3.7, "conv4_2": 5.6, "conv5_2": 0.15,
}  # fmt: skip
"""Of Chen and Koltun 2017 (arXiv:1707.09405), for the Caffe filters on 0..255. conv3_1 is ours: it stands for conv3_2
where VGG-19 is known only so far, and is then named vgg19[:conv3_1]."""

CODES = 255.0


def feature_distance(made: Tensor, truth: Tensor, seen: dict[str, Tensor], real: dict[str, Tensor]) -> Tensor:
    """made (N, K, 3, h, w), truth (N, 3, h, w) R'G'B' 0..1, and layers of VGG-19 by name as `restore.models._favc.Vgg`
    gives them for (N·K) made and (N) true pictures → (N, K), about 0.1 to 3.

    |made − truth| + Σ_l |φ_l(made) − φ_l(truth)| / 255 / d_l, means over pixels and channels: the L_p inside equation 6
    of Lei and Chen 2019. The 255 is of their program when it still added the other losses to it; its last state leaves
    it out, and those losses then weigh nothing beside this one.
    """
    cost = (made - truth.unsqueeze(1)).abs().mean(dim=(2, 3, 4))
    for name, divisor in DIVISORS.items():
        if name in real:
            gap = seen[name].unflatten(0, made.shape[:2]) - real[name].unsqueeze(1)
            cost = cost + gap.abs().mean(dim=(2, 3, 4)) / (CODES * divisor)
    return cost
