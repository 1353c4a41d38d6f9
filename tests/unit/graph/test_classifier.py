import pytest
import torch

from napari_nucleus.graph import GraphClassifier


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_shapes_of_the_paper(n):
    edges = torch.stack([torch.arange(max(0, n - 1)), torch.arange(1, max(1, n))])
    classifier = GraphClassifier(3).eval()
    nodes, text = torch.rand(n, 256 + 2), torch.rand(n, 512)
    fused = classifier.fuse(nodes, text)
    assert fused.shape == (n, 256)
    assert classifier.layer1(fused, edges).shape == (n, 512)
    logits = classifier(nodes, edges, text)
    assert logits.shape == (n, 3)
    assert torch.isfinite(logits).all()


def test_logits_are_not_clipped():
    torch.manual_seed(0)
    nodes, edges = torch.randn(50, 258), torch.randint(0, 50, (2, 100))
    assert (GraphClassifier(3)(nodes, edges, torch.randn(50, 512)) < 0).any()


def test_a_nucleus_hears_of_neighbours_two_steps_away_and_no_further():
    torch.manual_seed(0)
    classifier = GraphClassifier(3, text=0).eval()
    nodes, edges = torch.rand(5, 258), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])  # a chain
    changed = nodes.clone()
    changed[4] += 1
    apart = (classifier(nodes, edges) - classifier(changed, edges)).abs().amax(1)
    assert (apart[:2] < 1e-6).all()
    assert (apart[2:] > 1e-5).all()


def test_edges_have_no_direction():
    torch.manual_seed(0)
    classifier = GraphClassifier(3, text=0).eval()
    nodes, edges = torch.rand(4, 258), torch.tensor([[0, 1, 2], [1, 2, 3]])
    assert torch.allclose(classifier(nodes, edges), classifier(nodes, edges.flip(0)), atol=1e-6)


def test_the_order_of_nuclei_does_not_matter():
    torch.manual_seed(0)
    classifier = GraphClassifier(3).eval()
    nodes, text, edges = torch.rand(6, 258), torch.rand(6, 512), torch.tensor([[0, 1, 4], [1, 2, 5]])
    order = torch.tensor([3, 5, 0, 2, 1, 4])
    logits = classifier(nodes, edges, text)
    assert torch.allclose(classifier(nodes[order], order.argsort()[edges], text[order]), logits[order], atol=1e-6)


def test_gradient_reaches_every_parameter():
    classifier = GraphClassifier(3)
    classifier(torch.rand(6, 258), torch.tensor([[0, 1], [1, 2]]), torch.rand(6, 512)).square().mean().backward()
    assert all(p.grad is not None for p in classifier.parameters())
