from flask_on_aws_cli.pulumi_engine.model.graph import dependents_first, make_urn
from hypothesis import given
from hypothesis import strategies as st


def test_urns_include_the_types_of_parents_except_the_stack():
    stack = make_urn("dev", "shop", "", "pulumi:pulumi:Stack", "shop-dev")
    component = make_urn("dev", "shop", stack, "pkg:index:App", "app")
    child = make_urn("dev", "shop", component, "aws:s3/bucket:Bucket", "app-media")
    assert stack == "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
    assert component == "urn:pulumi:dev::shop::pkg:index:App::app"
    assert child == "urn:pulumi:dev::shop::pkg:index:App$aws:s3/bucket:Bucket::app-media"


@given(st.lists(st.sets(st.integers(0, 19)), max_size=20))
def test_each_comes_before_what_it_depends_on(choices):
    edges = {str(i): {str(j) for j in chosen if j < i} for i, chosen in enumerate(choices)}
    order = list(dependents_first(edges))
    assert sorted(order) == sorted(edges)
    for key, others in edges.items():
        assert all(order.index(key) < order.index(other) for other in others)


def test_a_cycle_does_not_hang():
    assert set(dependents_first({"a": ["b"], "b": ["a"], "c": ["a", "elsewhere"]})) == {"a", "b", "c"}
