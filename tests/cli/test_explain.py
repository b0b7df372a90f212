"""EXPLAIN as JSON and as a picture: what tools read of it, whole and well formed."""

import json
from xml.etree import ElementTree

import pytest

SVG = "{http://www.w3.org/2000/svg}"
QUERY = """WITH k AS MATERIALIZED (SELECT i % 7 AS g, i FROM range(1000) t(i) WHERE i::VARCHAR LIKE '%<&"%' OR i > 3)
SELECT a.g, count(*) FROM k a JOIN k b ON a.i = b.i GROUP BY a.g ORDER BY 2 DESC LIMIT 3"""


def plan(run, options, query=QUERY):
    result = run("sql", "--format", "jsonl", "-c", f"EXPLAIN {options} {query}")
    assert result.returncode == 0, result.stderr
    row = json.loads(result.stdout)
    return row["explain_key"], row["explain_value"]


def nodes_of(tree):
    for node in tree:
        yield node
        yield from nodes_of(node.get("children", []))


def test_json_has_the_tree(run):
    key, text = plan(run, "(FORMAT json)")
    nodes = list(nodes_of(json.loads(text)))
    assert key == "logical_plan"
    assert {"SORT", "LIMIT"} & {node["name"] for node in nodes}
    assert all("rows" not in node and "milliseconds" not in node for node in nodes)
    assert len({node["id"] for node in nodes if "again" not in node}) == len([node for node in nodes if "again" not in node])


def test_json_tells_the_rows_of_a_run(run):
    key, text = plan(run, "(ANALYZE, FORMAT json)")
    tree = json.loads(text)
    assert key == "analyzed_plan"
    assert any(node["rows"] == 3 for node in nodes_of(tree))
    assert all(node["milliseconds"] >= 0 for node in nodes_of(tree) if "again" not in node)
    assert json.loads(plan(run, "ANALYZE (FORMAT json)")[1])[0]["name"] == tree[0]["name"]
    assert "rows" not in json.loads(plan(run, "(ANALYZE false, FORMAT json)")[1])[0]


@pytest.mark.parametrize("analyze", ["", "ANALYZE, "])
def test_the_picture_is_well_formed(run, analyze):
    svg = ElementTree.fromstring(plan(run, f"({analyze}FORMAT svg)")[1])
    boxes = [box for box in svg.iter(f"{SVG}rect") if box.get("class") == "box"]
    lines = list(svg.iter(f"{SVG}line"))
    assert svg.tag == f"{SVG}svg"
    assert len(lines) >= len(boxes) - 1 > 0
    assert len({(box.get("x"), box.get("y")) for box in boxes}) == len(boxes), "no two boxes lie on each other"
    assert max(int(box.get("x")) + int(box.get("width")) for box in boxes) < int(svg.get("width"))
    assert max(int(box.get("y")) + int(box.get("height")) for box in boxes) < int(svg.get("height"))
    assert any("%<&" in title.text for title in svg.iter(f"{SVG}title")), "texts of the query arrive as they are"


def test_the_page_is_whole(run):
    page = plan(run, "(FORMAT html)")[1]
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    assert "<script" not in page and "src=" not in page and "href=" not in page


def test_a_deep_plan_has_a_picture(run):
    deep = "SELECT i FROM range(3) t(i)"
    for _ in range(60):
        deep = f"SELECT i FROM ({deep}) LIMIT 2"
    assert plan(run, "(FORMAT svg)", deep)[1].count('class="box"') > 60
    assert len(list(nodes_of(json.loads(plan(run, "(FORMAT json)", deep)[1])))) > 60
