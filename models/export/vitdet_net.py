"""ViTDet-H with a cascade of three heads and masks, at full size, with weights that mean nothing.

The layers, their sizes and the outputs are those of detectron2's projects/ViTDet (cascade_mask_rcnn_vitdet_h_75ep; Li et al.,
Exploring Plain Vision Transformer Backbones for Object Detection, 2022), which PyPI does not have: so time and memory of
the real network can be measured without it. Its names are not detectron2's, and no checkpoint fits.
"""
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import AnchorGenerator, RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign, batched_nms
from torchvision.models.detection._utils import BoxCoder

SIDE, PATCH, WIDTH, DEPTH, HEADS, WINDOW, CHANNELS = 1024, 16, 1280, 32, 16, 14, 256
GRID = SIDE // PATCH
LEVELS = ["p2", "p3", "p4", "p5", "p6"]


def attend(module, x):
    """Attention over each square of tokens in `x`, one head after the other, with decomposed relative positions.

    All heads at once would hold four arrays of heads x tokens x tokens numbers, 4.3 GB for the whole picture. `module` has the
    parts of detectron2's `Attention`, whose forward pass this can stand in for: the same numbers, a sixteenth of the memory.
    """
    batch, height, width, _ = x.shape
    batch, height, width = int(batch), int(height), int(width)
    x = module.qkv(x).reshape(batch, height * width, 3, module.num_heads, -1).permute(2, 3, 0, 1, 4)
    rows, columns = relative(module.rel_pos_h, height), relative(module.rel_pos_w, width)
    # The many windows are small: there all heads go together.
    step = module.num_heads if batch > 1 else 1
    heads = []
    for part in x.split(step, 1):
        q, k, v = part.reshape(3, -1, height * width, part.shape[-1]).unbind(0)
        scores = (q * module.scale) @ k.transpose(1, 2)
        q = q.reshape(-1, height, width, q.shape[-1])
        by_row = q @ rows.transpose(1, 2)
        by_column = (q.transpose(1, 2) @ columns.transpose(1, 2)).transpose(1, 2)
        scores = scores.reshape(-1, height, width, height, width) + by_row[..., None] + by_column[..., None, :]
        heads.append(scores.reshape(-1, height * width, height * width).softmax(-1) @ v)
    x = torch.cat(heads).reshape(module.num_heads, batch, height * width, -1).permute(1, 2, 0, 3)
    return module.proj(x.reshape(batch, height, width, -1))


def relative(places, side):
    """The vectors of the distances between `side` places, a row for each place; as long a table as there are distances."""
    if places.shape[0] != 2 * side - 1:
        raise ValueError(f"{places.shape[0]} relative positions for {side} places: the weights are of another input size")
    place = torch.arange(side)
    return places[place[:, None] - place[None, :] + side - 1]


class Attention(nn.Module):
    """Attention over a square of side x side tokens."""

    forward = attend

    def __init__(self, side):
        super().__init__()
        self.num_heads, self.scale = HEADS, (WIDTH // HEADS) ** -0.5
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.rel_pos_h = nn.Parameter(torch.randn(2 * side - 1, WIDTH // HEADS) * 0.02)
        self.rel_pos_w = nn.Parameter(torch.randn(2 * side - 1, WIDTH // HEADS) * 0.02)


class Block(nn.Module):
    def __init__(self, is_global):
        super().__init__()
        self.is_global = is_global
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, 1e-6) for _ in range(2))
        self.attention = Attention(GRID if is_global else WINDOW)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        y = self.norms[0](x)
        if self.is_global:
            y = self.attention(y)
        else:
            count = -(-GRID // WINDOW)
            pad = count * WINDOW - GRID
            y = F.pad(y, (0, 0, 0, pad, 0, pad)).reshape(-1, count, WINDOW, count, WINDOW, WIDTH)
            y = self.attention(y.transpose(2, 3).reshape(-1, WINDOW, WINDOW, WIDTH))
            y = y.reshape(-1, count, count, WINDOW, WINDOW, WIDTH).transpose(2, 3)
            y = y.reshape(-1, count * WINDOW, count * WINDOW, WIDTH)[:, :GRID, :GRID]
        x = x + y
        return x + self.mlp(self.norms[1](x))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv(inner, outer, side):
    return nn.Sequential(nn.Conv2d(inner, outer, side, padding=side // 2, bias=False), ChannelNorm(outer, 1e-6))


class Backbone(nn.Module):
    """The plain transformer and its simple feature pyramid."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.places = nn.Parameter(torch.randn(1, GRID, GRID, WIDTH) * 0.02)
        self.blocks = nn.Sequential(*(Block(index % 8 == 7) for index in range(DEPTH)))
        up = lambda inner, outer: nn.ConvTranspose2d(inner, outer, 2, 2)
        scales = [
            nn.Sequential(up(WIDTH, WIDTH // 2), ChannelNorm(WIDTH // 2, 1e-6), nn.GELU(), up(WIDTH // 2, WIDTH // 4)),
            up(WIDTH, WIDTH // 2),
            nn.Identity(),
            nn.MaxPool2d(2, 2),
        ]
        widths = [WIDTH // 4, WIDTH // 2, WIDTH, WIDTH]
        self.levels = nn.ModuleList(
            nn.Sequential(scale, conv(width, CHANNELS, 1), conv(CHANNELS, CHANNELS, 3))
            for scale, width in zip(scales, widths)
        )

    def forward(self, image):
        x = self.blocks(self.patches(image).permute(0, 2, 3, 1) + self.places).permute(0, 3, 1, 2)
        levels = [level(x) for level in self.levels]
        return dict(zip(LEVELS, [*levels, F.max_pool2d(levels[-1], 1, 2)]))


class BoxHead(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.convs = nn.Sequential(*(layer for _ in range(4) for layer in (conv(CHANNELS, CHANNELS, 3), nn.ReLU())))
        self.fc = nn.Linear(CHANNELS * 49, 1024)
        self.scores, self.deltas = nn.Linear(1024, classes + 1), nn.Linear(1024, 4)

    def forward(self, x):
        x = self.fc(self.convs(x).flatten(1)).relu()
        return self.scores(x).softmax(1), self.deltas(x)


def whole(image):
    """The padded picture with its size written into the graph: what follows is then known to its sizes before it is run."""
    return image.reshape(1, 3, SIDE, SIDE)


class Vitdet(nn.Module):
    """3 x height x width codes, at most 1024 a side, to boxes, classes, masks, scores and the picture's size."""

    def __init__(self, score, classes=80):
        super().__init__()
        self.backbone, self.score = Backbone(), score
        self.rpn = RegionProposalNetwork(
            AnchorGenerator(tuple((side,) for side in (32, 64, 128, 256, 512)), ((0.5, 1.0, 2.0),) * 5),
            RPNHead(CHANNELS, 3, conv_depth=2), 0.7, 0.3, 256, 0.5,
            {"training": 2000, "testing": 1000}, {"training": 1000, "testing": 1000}, 0.7,
        )
        self.box_pool = MultiScaleRoIAlign(LEVELS[:4], 7, 0)
        self.heads = nn.ModuleList(BoxHead(classes) for _ in range(3))
        self.coders = [BoxCoder(weights) for weights in ((10.0, 10, 5, 5), (20.0, 20, 10, 10), (30.0, 30, 15, 15))]
        self.mask_pool = MultiScaleRoIAlign(LEVELS[:4], 14, 0)
        self.mask_head = nn.Sequential(
            *(layer for _ in range(4) for layer in (conv(CHANNELS, CHANNELS, 3), nn.ReLU())),
            nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2), nn.ReLU(), nn.Conv2d(CHANNELS, classes, 1),
        )

    def forward(self, image):
        height, width = image.shape[1], image.shape[2]
        mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
        image = (image - mean[:, None, None]) / std[:, None, None]
        image = whole(F.pad(image, (0, SIDE - width, 0, SIDE - height)))
        sizes = [(SIDE, SIDE)]
        features = self.backbone(image)
        boxes = self.rpn(ImageList(image, sizes), features)[0][0]
        scores = 0
        for head, coder in zip(self.heads, self.coders):
            stage, deltas = head(self.box_pool(features, [boxes], sizes))
            scores = scores + stage / len(self.heads)
            boxes = coder.decode_single(deltas, boxes).clamp(0, SIDE)
        scores, classes = scores[:, :-1].max(1)
        kept = torch.where(scores > self.score)[0]
        kept = kept[batched_nms(boxes[kept], scores[kept], classes[kept], 0.5)[:100]]
        boxes, scores, classes = boxes[kept], scores[kept], classes[kept]
        masks = self.mask_head(self.mask_pool(features, [boxes], sizes))
        masks = masks[torch.arange(masks.shape[0]), classes][:, None].sigmoid()
        return boxes, classes, masks, scores, torch.stack([torch.as_tensor(height), torch.as_tensor(width)])


def random(score):
    """The network with random weights. Scores are spread, so that it finds somebody here and there."""
    net = Vitdet(score).eval().requires_grad_(False)
    for head in net.heads:
        # Class 0 a little before the others: a random network then finds people, and all the work of the masks is done.
        head.scores.bias[0] += 4.0
    return net
