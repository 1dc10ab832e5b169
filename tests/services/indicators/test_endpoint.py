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


def test_statistics_come_in_whole_or_not_at_all(own_client):
    assert own_client.get("/api/v1/statistics/template").text.startswith("name,year,value,source,grade")
    bad = "name,year,value,source,grade\nphysicians,2025,ten,Office,measured\n"
    answer = own_client.post("/api/v1/statistics", content=bad.encode())
    assert answer.status_code == 422
    assert answer.json()["mistakes"][0] | {"text": ""} == {"row": 2, "column": "value", "text": ""}
    assert own_client.get("/api/v1/statistics").json() == []
    answer = own_client.post("/api/v1/statistics", content=bad.replace("ten", "30").encode())
    assert answer.json() == {"kept": 1, "mistakes": [], "blank": []}
    body = own_client.get("/api/v1/indicators/sc-eh-h-3c").json()
    assert body["value"] == 10
    assert body["provenance"] == "simulated"
    assert {i["name"]: i["origin"] for i in body["inputs"]} == {"physicians": "statistic", "population": "profile"}


def test_an_imported_statistic_can_be_taken_back(own_client):
    row = "name,year,value,source,grade\nphysicians,2025,{},Office,measured\nlive_births,,,,\n"
    assert own_client.post("/api/v1/statistics", content=row.format(30).encode()).json()["blank"] == ["live_births"]
    own_client.post("/api/v1/statistics", params={"file": "b.csv"}, content=row.format(31).encode())
    path, year = "/api/v1/statistics/physicians", {"year": 2025}
    assert own_client.delete(path, params=year).status_code == 400, "no reason"
    assert own_client.delete(path, params=year | {"why": " "}).status_code == 400
    answer = own_client.delete(path, params={"year": 2024, "why": "x"})
    assert answer.status_code == 404
    assert "2025" in answer.json()["message"]
    assert own_client.delete(path, params=year | {"why": "counted twice"}).json()["value"] == 31
    assert own_client.get("/api/v1/statistics").json() == []
    changes = own_client.get("/api/v1/statistics/changes", params={"name": "physicians"}).json()
    assert [(c["old"], c["new"], c["why"]) for c in changes] == [
        (30, 31, "statistics of b.csv"),
        (31, None, "counted twice"),
    ]
    assert own_client.get("/api/v1/indicators/sc-eh-h-3c").json()["status"] == "NR"


def test_scores_findings_and_plan(client):
    body = client.get("/api/v1/indicator-scores", params={"period": "2025"}).json()
    assert "not of U4SSC" in body["targets"]
    assert len(body["scores"]) == 112
    rules = {f["rule"] for f in client.get("/api/v1/indicator-findings").json()}
    assert "not_reported" in rules
    plan = client.get("/api/v1/indicator-plan", params={"code": ["EC: I: ES: 1C"]}).json()
    assert plan["not_reported"] == ["ec-i-es-1c"]
    assert client.get("/api/v1/indicators/en-en-aq-1c/history").json() == []
    assert client.get("/api/v1/indicators/nothing-9z/history").status_code == 404


def test_too_large_a_file_is_refused(client):
    answer = client.post("/api/v1/statistics", content=b"x" * 5_000_001)
    assert answer.status_code == 413
