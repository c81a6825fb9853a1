import pytest

from autokeras_nas.registry import Registry


@pytest.fixture
def shapes():
    return Registry("shape")


def test_registered_class_is_found_by_name_and_otherwise_untouched(shapes):
    class Circle:
        pass

    assert shapes.register("circle")(Circle) is Circle
    assert shapes["circle"] is Circle
    assert "circle" in shapes
    assert shapes.name_of(Circle) == "circle"


def test_names_come_in_order_of_registration(shapes):
    for name in ("square", "circle", "arc"):
        shapes.register(name)(type(name, (), {}))
    assert list(shapes) == ["square", "circle", "arc"]
    assert len(shapes) == 3


def test_taken_name_is_refused_and_keeps_its_class(shapes):
    first, second = type("Circle", (), {}), type("Square", (), {})
    shapes.register("circle")(first)
    with pytest.raises(ValueError, match=r"shape name 'circle' is taken by `Circle`.*`Square`"):
        shapes.register("circle")(second)
    assert shapes["circle"] is first


def test_class_defined_anew_replaces_its_former_self(shapes):
    # As when a notebook's cell runs twice.
    first, second = type("Circle", (), {}), type("Circle", (), {})
    shapes.register("circle")(first)
    shapes.register("circle")(second)
    assert shapes["circle"] is second
    assert shapes.name_of(first) is None


def test_unknown_name_is_answered_with_the_nearest_one(shapes):
    shapes.register("circle")(type("Circle", (), {}))
    with pytest.raises(ValueError, match=r"no shape .*'circel'.*Did you mean 'circle'\?"):
        shapes["circel"]


def test_membership_of_an_unknown_name_is_false_not_an_error(shapes):
    assert "circle" not in shapes
    assert shapes.name_of(int) is None


def test_one_class_may_bear_two_names(shapes):
    circle = type("Circle", (), {})
    shapes.register("circle")(shapes.register("disc")(circle))
    assert shapes["circle"] is shapes["disc"]
    assert shapes.name_of(circle) == "disc"


def test_registries_share_nothing(shapes):
    shapes.register("circle")(type("Circle", (), {}))
    assert "circle" not in Registry("shape")
