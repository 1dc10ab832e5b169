"""Indicators over HTTP, on the sample city."""


def test_all_are_listed_with_evidence(client):
    answer = client.get("/api/v1/indicators")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    official = [i for i in body["indicators"] if i["family"] == "u4ssc"]
    assert len(official) == 91
    for each in official:
        if each["status"] == "NR":
            assert each["value"] is None
            assert any(p["missing"] for p in each["points"]), each["code"]
        else:
            assert each["provenance"] == "simulated"  # the sample city is fictional


def test_one_by_any_spelling(client):
    for spelling in ("en-en-aq-1c", "EN: EN: AQ: 1C", "en_en_aq_1C"):
        body = client.get(f"/api/v1/indicators/{spelling}").json()
        assert body["code"] == "en-en-aq-1c", body
    assert client.get("/api/v1/indicators/SC: EH: H: 6A").json()["code"] == "sc-eh-ed-5a"


def test_wrong_questions_are_answered_clearly(client):
    answer = client.get("/api/v1/indicators/en-en-aq-9x")
    assert answer.status_code == 404
    assert "did you mean" in answer.json()["message"]
    answer = client.get("/api/v1/indicators", params={"period": "yesterday"})
    assert answer.status_code == 400
    assert "rolling" in answer.json()["message"]
    answer = client.get("/api/v1/indicators", params={"area": "west"})
    assert answer.status_code == 400
    assert "north" in answer.json()["message"]
