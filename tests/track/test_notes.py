"""Notes of analysts stand beside the answers of the next report of the same period."""

from dataclasses import replace

from typer.testing import CliRunner

from kpilab.cli import app
from kpilab.report.build import write
from kpilab.show import say
from kpilab.track.notes import annotated
from kpilab.track.store import Store
from tests.report.reviews import story


def kept(tmp_path):
    """A store with one review, and the number of its first cause."""
    with Store.open(tmp_path) as store:
        return store.review(store.save(story())).causes[0].id


def cli(*arguments):
    answer = CliRunner().invoke(app, [str(a) for a in arguments])
    assert answer.exit_code == 0, answer.stderr
    return answer.stdout


def test_what_analysts_say_is_in_the_next_report(tmp_path):
    cause = kept(tmp_path)
    cli("whys", "add", cause, "The card form asks <twice>", "--store", tmp_path, "--by", "ann")
    cli("whys", "reject", cause, 2, "counted before the fix", "--store", tmp_path)
    cli("whys", "comment", cause, 1, "board agrees", "--store", tmp_path)
    listed = cli("whys", "list", cause, "--store", tmp_path).splitlines()
    assert "board agrees" in listed[1]
    assert "Rejected" in listed[2]
    with Store.open(tmp_path) as store:
        noted = annotated(story(), store)
        store.save(story())
        again = annotated(story(), store)
    chain = [say(why.answer) for why in noted.causes[0].why]
    assert chain[0].endswith("Analysts’ note: board agrees.")
    assert "counted before the fix" in chain[1]
    assert chain[-1] == "The card form asks <twice>"
    assert [say(why.answer) for why in again.causes[0].why] == chain
    assert [c.effect for c in noted.causes] == [c.effect for c in story().causes]
    page = write(noted, tmp_path / "out").html.read_text("utf-8")
    assert "The card form asks &lt;twice&gt;" in page
    assert "counted before the fix" in page


def test_notes_stay_with_their_period_and_their_cause(tmp_path):
    cause = kept(tmp_path)
    cli("whys", "add", cause, "by hand", "--store", tmp_path)
    review = story()
    later = replace(review, periods=dict(review.periods) | {"current": review.periods["baseline"]})
    other = replace(review, causes=tuple(replace(c, subject="another") for c in review.causes))
    with Store.open(tmp_path) as store:
        for changed in (later, other):
            assert [c.why for c in annotated(changed, store).causes] == [
                c.why for c in changed.causes
            ]


def test_a_number_that_is_not_there_is_said(tmp_path):
    cause = kept(tmp_path)
    answer = CliRunner().invoke(
        app, ["whys", "reject", str(cause), "99", "?", "--store", str(tmp_path)]
    )
    assert answer.exit_code == 2
    assert "no answer" in answer.stderr
