"""HMR2's network (ViT-H/16 on 256x192 and a six-layer cross-attention decoder), written for export.

The names of the weights are those of the published checkpoint. Attention is one com.microsoft.MultiHeadAttention node, and
no shape is computed in the graph, so that a GPU can take it whole.
"""
import torch
from torch import nn
from torch.nn import functional

TOKENS, WIDTH, DEPTH, HEADS = 192, 1280, 32, 16
DECODER_WIDTH, DECODER_DEPTH, DECODER_HEADS, HEAD_WIDTH, DECODER_HIDDEN = 1024, 6, 8, 64, 1024


class Attention(torch.autograd.Function):
    """Attention over tokens whose heads lie side by side."""

    @staticmethod
    def forward(ctx, query, key, value, heads):
        def split(tokens):
            return tokens.reshape(tokens.shape[0], tokens.shape[1], heads, -1).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(split(query), split(key), split(value))
        return mixed.transpose(1, 2).reshape(query.shape)

    @staticmethod
    def symbolic(g, query, key, value, heads):
        node = g.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads)
        return node.setType(query.type())


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        y = self.qkv(x)
        return self.proj(Attention.apply(y[..., :WIDTH], y[..., WIDTH:2 * WIDTH], y[..., 2 * WIDTH:3 * WIDTH], HEADS))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(WIDTH, eps=1e-6), SelfAttention()
        self.norm2, self.mlp = nn.LayerNorm(WIDTH, eps=1e-6), Mlp()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, WIDTH, 16, 16, padding=2)
        self.pos_embed = nn.Parameter(torch.zeros(1, TOKENS + 1, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.last_norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, image):
        x = self.patch_embed.proj(image).reshape(-1, WIDTH, TOKENS).transpose(1, 2)
        x = x + (self.pos_embed[:, 1:] + self.pos_embed[:, :1])
        for block in self.blocks:
            x = block(x)
        return self.last_norm(x)


class PreNorm(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.norm, self.fn = nn.LayerNorm(DECODER_WIDTH), fn


class OneToken(nn.Module):
    """Self-attention of a single token: its weight is one, whatever query and key are."""

    def __init__(self):
        super().__init__()
        inner = DECODER_HEADS * HEAD_WIDTH
        self.to_qkv = nn.Linear(DECODER_WIDTH, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, DECODER_WIDTH))

    def forward(self, x):
        inner = DECODER_HEADS * HEAD_WIDTH
        return self.to_out(self.to_qkv(x)[..., 2 * inner:3 * inner])


class CrossAttention(nn.Module):
    def __init__(self):
        super().__init__()
        inner = DECODER_HEADS * HEAD_WIDTH
        self.to_kv, self.to_q = nn.Linear(WIDTH, 2 * inner, bias=False), nn.Linear(DECODER_WIDTH, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, DECODER_WIDTH))

    def forward(self, x, context):
        inner, y = DECODER_HEADS * HEAD_WIDTH, self.to_kv(context)
        return self.to_out(Attention.apply(self.to_q(x), y[..., :inner], y[..., inner:2 * inner], DECODER_HEADS))


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(DECODER_WIDTH, DECODER_HIDDEN), nn.GELU(), nn.Identity(), nn.Linear(DECODER_HIDDEN, DECODER_WIDTH)
        )

    def forward(self, x):
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_token_embedding = nn.Linear(1, DECODER_WIDTH)
        self.pos_embedding = nn.Parameter(torch.zeros(1, 1, DECODER_WIDTH))
        self.transformer = nn.Module()
        self.transformer.layers = nn.ModuleList(
            nn.ModuleList([PreNorm(OneToken()), PreNorm(CrossAttention()), PreNorm(FeedForward())])
            for _ in range(DECODER_DEPTH)
        )

    def forward(self, context):
        # The query token is zero, so its embedding is the bias; the product gives it the batch's size.
        x = (self.to_token_embedding.bias + self.pos_embedding) + context[:, :1, :1] * 0
        for own, cross, feed in self.transformer.layers:
            x = x + own.fn(own.norm(x))
            x = x + cross.fn(cross.norm(x), context)
            x = x + feed.fn(feed.norm(x))
        return x.reshape(-1, DECODER_WIDTH)


def rotations(six):
    """Rotation matrices from their first two columns (Zhou et al., 2019)."""
    a, b = six[..., :3], six[..., 3:]
    a = a / a.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    b = b - (a * b).sum(-1, keepdim=True) * a
    b = b / b.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    c = torch.stack(
        [
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ],
        -1,
    )
    return torch.stack([a, b, c], -1)


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = Decoder()
        self.decpose, self.decshape, self.deccam = (nn.Linear(DECODER_WIDTH, n) for n in (144, 10, 3))
        self.register_buffer("init_body_pose", torch.tensor([[1.0, 0, 0, 0, 1, 0] * 24]))
        self.register_buffer("init_betas", torch.zeros(1, 10))
        self.register_buffer("init_cam", torch.tensor([[0.9, 0, 0]]))

    def forward(self, tokens):
        t = self.transformer(tokens)
        pose = rotations((self.decpose(t) + self.init_body_pose).reshape(-1, 24, 6))
        return pose[:, :1], pose[:, 1:], self.decshape(t) + self.init_betas, self.deccam(t) + self.init_cam


class Hmr2(nn.Module):
    """(B, 3, 256, 192) normalised RGB to global_orient, body_pose, betas, pred_cam."""

    def __init__(self):
        super().__init__()
        self.backbone, self.smpl_head = Backbone(), Head()

    def forward(self, image):
        return self.smpl_head(self.backbone(image))


def random(seed=0):
    """Weights of the right sizes that mean nothing, for tests and measurements."""
    torch.manual_seed(seed)
    net = Hmr2().eval()
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if weight.ndim >= 2:
                nn.init.trunc_normal_(weight, std=0.02)
            elif name.endswith("bias"):
                weight.normal_(0, 0.02)
    return net
