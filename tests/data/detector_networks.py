"""Tiny networks with random weights and the true inputs and outputs of each family of detectors."""
import torch
from torch import nn


class Cells(nn.Module):
    """One linear layer over the mean colours of the cells of each level: 1 x cells x values."""

    def __init__(self, values, strides=(8, 16, 32), gain=1.0, normalised=False):
        super().__init__()
        self.strides = strides
        self.layers = nn.ModuleList(nn.Conv2d(3, values, 1) for _ in strides)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=gain * (1 if normalised else 1 / 128))
            nn.init.normal_(layer.bias, std=0.5)

    def forward(self, image):
        levels = [
            layer(nn.functional.avg_pool2d(image, stride)).flatten(2)
            for layer, stride in zip(self.layers, self.strides)
        ]
        return torch.cat(levels, 2).transpose(1, 2)


def grid(strides, width, height):
    """Column, row and stride of each cell."""
    cells = [
        (x, y, stride) for stride in strides for y in range(height // stride) for x in range(width // stride)
    ]
    return torch.tensor(cells, dtype=torch.float32)


class Yolox(nn.Module):
    def __init__(self, decoded):
        super().__init__()
        self.cells, self.decoded, self.grid = Cells(85), decoded, grid((8, 16, 32), 64, 64)

    def forward(self, images):
        out = self.cells(images - 100)
        xy, wh, scores = out[..., :2], out[..., 2:4].clamp(-1, 1.2), out[..., 4:].sigmoid()
        if self.decoded:
            xy, wh = (xy + self.grid[:, :2]) * self.grid[:, 2:], wh.exp() * self.grid[:, 2:]
        return torch.cat([xy, wh, scores], 2)


class YoloRaw(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.grid = Cells(84, gain=2, normalised=True), grid((8, 16, 32), 64, 64)

    def forward(self, images):
        out = self.cells(images - 0.4)
        xy = (out[..., :2] + self.grid[:, :2] + 0.5) * self.grid[:, 2:]
        wh = out[..., 2:4].clamp(-1, 1.2).exp() * self.grid[:, 2:]
        return torch.cat([xy, wh, out[..., 4:].sigmoid()], 2).transpose(1, 2)


class YoloEndToEnd(nn.Module):
    def __init__(self):
        super().__init__()
        self.raw = YoloRaw()

    def forward(self, images):
        from ultralytics.nn.modules.head import Detect
        from ultralytics.utils.ops import xywh2xyxy

        raw = self.raw(images).transpose(1, 2)
        raw = torch.cat([xywh2xyxy(raw[..., :4]), raw[..., 4:]], 2)
        return Detect.postprocess(raw, 300, 80)


class Queries(nn.Module):
    """Logits and centre-size boxes from 0 to 1."""

    def __init__(self, classes):
        super().__init__()
        self.cells, self.grid = Cells(4 + classes, (8, 16), gain=2, normalised=True), grid((8, 16), 64, 48)

    def forward(self, images):
        out = self.cells(images)
        size = torch.tensor([64.0, 48.0])
        xy = (self.grid[:, :2] + 0.5 + 0.3 * out[..., :2].tanh()) * self.grid[:, 2:] / size
        return out[..., 4:], torch.cat([xy, 0.1 + 0.3 * out[..., 2:4].sigmoid()], 2)


class Swapped(nn.Module):
    """Boxes before logits, as RF-DETR has them."""

    def __init__(self, queries):
        super().__init__()
        self.queries = queries

    def forward(self, image):
        logits, boxes = self.queries(image)
        return boxes, logits


class Sized(nn.Module):
    """RT-DETR's own post-processor (rtdetrv2_pytorch, RTDETRPostProcessor with focal loss) in the graph."""

    def __init__(self):
        super().__init__()
        self.queries = Queries(80)

    def forward(self, images, orig_target_sizes):
        logits, boxes = self.queries(images)
        center, half = boxes[..., :2], boxes[..., 2:] / 2
        boxes = torch.cat([center - half, center + half], 2) * orig_target_sizes.repeat(1, 2).unsqueeze(1)
        scores, index = logits.sigmoid().flatten(1).topk(50)
        boxes = boxes.gather(1, (index // 80).unsqueeze(-1).repeat(1, 1, 4))
        return index % 80, boxes, scores


class Suppressed(nn.Module):
    """Boxes, scores and classes after torchvision's non-maximum suppression, at most 20."""

    def __init__(self, classes=80, height=48):
        super().__init__()
        self.cells, self.grid = Cells(4 + classes, (8, 16), gain=2, normalised=True), grid((8, 16), 64, height)

    def forward(self, image):
        from torchvision.ops import nms

        out = self.cells(image)[0]
        center = (self.grid[: out.shape[0], :2] + 0.5) * self.grid[: out.shape[0], 2:]
        half = out[:, :2].clamp(-1, 1).exp() * self.grid[: out.shape[0], 2:] / 2
        boxes = torch.cat([center - half, center + half], 1)
        scores, classes = out[:, 4:].sigmoid().max(1)
        kept = nms(boxes, scores, 0.6)[:20]
        return boxes[kept], scores[kept], classes[kept], out[kept]


class Rtmdet(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed(height=64)

    def forward(self, image):
        boxes, scores, classes, _ = self.found(image / 2)
        return torch.cat([boxes, scores[:, None]], 1)[None], classes[None]


class Vitdet(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed()
        self.mask = nn.Linear(84, 28 * 28 // 16)

    def forward(self, image):
        boxes, scores, classes, values = self.found(image[None] / 100 - 1)
        masks = self.mask(values).sigmoid().reshape(-1, 1, 7, 7).repeat_interleave(4, 2).repeat_interleave(4, 3)
        return boxes, classes, masks, scores, torch.tensor([image.shape[1], image.shape[2]])


class TensorflowSsd(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed(90)

    def forward(self, image):
        boxes, scores, classes, _ = self.found(image.permute(0, 3, 1, 2).float() / 100 - 1)
        boxes = boxes[:, [1, 0, 3, 2]] / torch.tensor([48.0, 64.0, 48.0, 64.0])
        count = torch.tensor([float(20)])
        return boxes[None], (classes + 1).float()[None], scores[None], count


class Backbone(nn.Sequential):
    out_channels = 8

    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())


class SsdBackbone(Backbone):
    out_channels = [8]


def loud(model, names, gain):
    """Spreads the scores of a network with random weights."""
    for name, parameter in model.named_parameters():
        if any(part in name for part in names):
            nn.init.normal_(parameter, std=gain)
    return model


def torchvision_ssd():
    from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
    from torchvision.models.detection.ssd import SSD

    anchors = DefaultBoxGenerator([[2]], scales=[0.2, 0.4])
    model = SSD(SsdBackbone(), anchors, (64, 48), 4, score_thresh=0.05, detections_per_img=20)
    return loud(model, ["classification_head"], 1.0).eval()


def faster_rcnn():
    from torchvision.models.detection import FasterRCNN
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.ops import MultiScaleRoIAlign

    model = FasterRCNN(
        Backbone(),
        num_classes=None,
        min_size=48,
        max_size=64,
        image_mean=[0.45, 0.45, 0.45],
        rpn_anchor_generator=AnchorGenerator(((12, 24),), ((0.5, 1.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 2, 1),
        box_head=TwoMLPHead(8 * 4, 8),
        box_predictor=FastRCNNPredictor(8, 4),
        box_detections_per_img=20,
        rpn_post_nms_top_n_test=30,
    )
    return loud(model, ["cls_score", "bbox_pred"], 1.0).eval()
