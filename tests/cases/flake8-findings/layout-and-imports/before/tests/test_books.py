def test_find():
    text = '[]'
    assert json.loads(text) == []