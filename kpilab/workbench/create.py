"""A new case without writing YAML: choose or drop tables, see what was found, confirm goal and
KPIs; the file is shown as it grows, checked and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from kpilab.case.found import Found, Wishes, chosen, found_in
from kpilab.case.look import Sheet
from kpilab.case.occurring import uncounted
from kpilab.case.read import period_of
from kpilab.case.write import Drafted, drafted, kept
from kpilab.core.case import Case
from kpilab.core.values import Message, Period
from kpilab.engine.door.files import ENDINGS, ending
from kpilab.engine.run import collect
from kpilab.errors import BadInput, several
from kpilab.show.html import table_html
from kpilab.show.say import sentence
from kpilab.track.rules import rules
from kpilab.workbench.job import Job
from kpilab.workbench.look import STYLE, progress
from kpilab.workbench.words import problem_html

SAMPLE, MOST_KPIS = 3, 8
WIDE = {"width": "100%"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is chosen on the page, as text where somebody types it."""

    goal: str | None = None
    target: str = ""
    kpis: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    current: str = ""
    baseline: str = ""

    def wishes(self, language: str) -> Wishes:
        """The same as `kpilab init` takes it.

        Raises:
            BadInput: a target that is no number, or a period that cannot be read.
        """
        told = {"current": self.current, "baseline": self.baseline}
        days: dict[str, Period] = {n: period_of(t, n) for n, t in told.items() if t.strip()}
        if "current" in days and "baseline" not in days:
            days["baseline"] = days["current"].before()
        kpis = {name: _number(text, name) for name, text in self.kpis.items()}
        target = _number(self.target, "target")
        return Wishes(self.goal, target, kpis, self.owner.strip() or None, days, language)


def _number(text: str, where: str) -> float | None:
    try:
        return float(text.replace(",", "")) if text.strip() else None
    except ValueError:
        raise BadInput(f"{text!r} is no number", where, "write a number, e.g. 1250.5") from None


def goals(found: Found) -> tuple[str, ...]:
    """What could be the goal, the likeliest first: metrics of the drafts, as `table.metric`."""
    best = chosen(found, Wishes())
    order = sorted(found.drafts, key=lambda pair: pair[0].name != best[0].name)
    first = [f"{s.name}.{d.goal}" for s, d in order]
    return tuple(dict.fromkeys((*first, *(n for _, d in order for n in d.metrics))))


def checked(case: Case) -> tuple[Message, ...]:
    """What `kpilab check` says of a case.

    Raises:
        BadInput: what it finds wrong.
    """
    rules(case)
    error = several(uncounted(case))
    if error:
        raise error
    return tuple(issue.statement for issue in case.issues)


class NewCase(widgets.VBox):
    """The page that makes a case of a folder of tables; its headless twin is `kpilab init`.

    Args:
        folder: of the tables; chosen on the page if None.
        workspace: where folders are looked for, and dropped tables are kept.
        lang: "en" or "zh".
        made: gets the folder of the case once it is to be opened.
    """

    def __init__(
        self,
        folder: Path | None,
        workspace: Path,
        *,
        lang: str = "en",
        made: Callable[[Path], None] = lambda folder: None,
    ) -> None:
        self.workspace, self.lang, self.made = workspace, lang, made
        self.folder = folder
        self.found: Found | None = None
        self.drafted: Drafted | None = None
        self.job: Job[Any] = Job()
        self.quiet = False
        self.wanted: dict[str, tuple[widgets.Checkbox, widgets.Text]] = {}
        self._make()
        super().__init__(children=(widgets.HTML(STYLE), self.title, *self._parts()))
        self.add_class("kp-panel")
        self._say()
        if folder is not None:
            self.look()

    def _make(self) -> None:
        html = [widgets.HTML(layout=WIDE) for _ in range(4)]
        self.title, self.status, self.seen, self.told = html
        self.path, self.near = widgets.Text(layout=WIDE), widgets.Dropdown(layout=WIDE)
        self.drop = widgets.FileUpload(multiple=True, accept=",".join(sorted(ENDINGS)))
        self.name, self.find = widgets.Text(layout=WIDE), widgets.Button(button_style="primary")
        self.goal = widgets.Dropdown(layout=WIDE)
        self.target, self.owner, self.current, self.baseline = (
            widgets.Text(layout=WIDE, continuous_update=False) for _ in "1234"
        )
        self.kpis = widgets.VBox()
        self.yaml = widgets.Textarea(layout={"width": "100%", "height": "420px"})
        self.write, self.open_it = (
            widgets.Button(button_style="primary"),
            widgets.Button(button_style="success"),
        )
        for box in (self.path, self.near, self.name, self.goal, *self._typed(), self.yaml):
            box.add_class("kp-pick")
        self.find.on_click(lambda _: self.look())
        self.write.on_click(lambda _: self.keep())
        self.open_it.on_click(lambda _: self.made(self.folder) if self.folder else None)
        self.near.observe(lambda change: self._near(change["new"]), "value")
        self.drop.observe(lambda change: self.dropped(change["new"]), "value")
        for box in (self.goal, *self._typed()):
            box.observe(lambda _: self.draft(), "value")

    def _typed(self) -> tuple[widgets.Text, ...]:
        return self.target, self.owner, self.current, self.baseline

    def _parts(self) -> tuple[widgets.Widget, ...]:
        choose = widgets.VBox((self.near, self.path, self.name, self.drop, self.find))
        asked = widgets.VBox((self.goal, *self._typed(), self.kpis))
        file = widgets.VBox((self.yaml, widgets.HBox((self.write, self.open_it))))
        asked.layout.flex, file.layout.flex = "0 0 330px", "1 1 auto"
        self.form = widgets.HBox((asked, file), layout={"display": "none"})
        self.form.add_class("kp-body")
        asked.add_class("kp-controls")
        return choose, self.status, self.seen, self.form, self.told

    def text(self, key: str, **values: object) -> str:
        """The text `workbench.<key>` in the language of the page."""
        return sentence(Message(f"workbench.{key}", values), self.lang)

    def speak(self, lang: str) -> None:
        """Say everything in another language."""
        self.lang = lang
        self._say()
        if self.found:
            self._show_found(self.found)
            self.draft()

    def _say(self) -> None:
        asks = escape(self.text("new_case_asks"))
        self.title.value = f"<h2>{escape(self.text('new_case'))}</h2><p class='kp-asks'>{asks}</p>"
        self.path.description = self.text("new_folder")
        self.near.description, self.name.description = self.text("new_near"), self.text("new_name")
        self.drop.description, self.find.description = self.text("new_drop"), self.text("new_look")
        named = {"goal": self.goal, "target": self.target, "owner": self.owner}
        named |= {"current": self.current, "baseline": self.baseline, "yaml": self.yaml}
        for key, box in named.items():
            box.description = self.text(f"new_{key}")
        self.write.description, self.open_it.description = (
            self.text("new_write"),
            self.text("new_open"),
        )
        self.open_it.layout.display = "none"
        self._near_folders()

    def _near_folders(self) -> None:
        """Folders of the workspace that hold tables."""
        held = [p for p in sorted(self.workspace.glob("*")) if p.is_dir() and _has_tables(p)]
        options = [("…", ""), *((p.name, str(p)) for p in held)]
        if list(self.near.options) != options:
            self.near.options = options
        self.path.value = str(self.folder) if self.folder else self.path.value
        self.name.value = self.name.value or "case"

    def _near(self, path: str | None) -> None:
        if path:
            self.path.value = path
            self.look()

    # What can be done, by hand or from Python.

    def dropped(self, files: Iterable[Mapping[str, Any]]) -> None:
        """Keep dropped tables in a folder of the workspace, and look at them."""
        folder, count = self.workspace / Path(self.name.value or "case").name, 0
        for file in files:
            name = Path(str(file["name"])).name
            if ending(Path(name)):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(bytes(file["content"]))
                count += 1
        if count:
            self.path.value = str(folder)
            self.look()

    def look(self) -> None:
        """See what the folder holds."""
        folder = Path(self.path.value or self.folder or "").expanduser()

        def done(found: Found) -> None:
            self.folder, self.found = folder, found
            self._show_found(found)
            self._offer(found)

        self._work("new_looking", lambda: found_in(folder), done)

    def draft(self) -> None:
        """The file as it stands with what is chosen now."""
        if self.quiet or self.found is None or self.folder is None:
            return
        self.told.value, self.open_it.layout.display = "", "none"
        try:
            wishes = self.asked().wishes(self.lang)
            self.drafted = drafted(self.folder, self.found, self._sentence, wishes)
        except BadInput as error:
            self.told.value = problem_html(error, self.lang)
            return
        self.yaml.value = self.drafted.text

    def asked(self) -> Asked:
        """What is chosen on the page."""
        kpis = {n: target.value for n, (wanted, target) in self.wanted.items() if wanted.value}
        return Asked(
            self.goal.value, self.target.value, kpis, self.owner.value, self.current.value,
            self.baseline.value,
        )  # fmt: skip

    def keep(self) -> None:
        """Check the file as it is written on the page, and write it."""
        folder, content = self.folder, self.yaml.value
        if folder is None:
            return

        def done(notes: tuple[Message, ...]) -> None:
            said = [self.text("new_written", path=str(folder / "case.yml"))]
            said += [sentence(n, self.lang) for n in notes]
            self.told.value = f"<ul role='status'>{_items(said)}</ul>"
            self.open_it.layout.display = ""

        path = folder / "case.yml"
        self._work("new_checking", lambda: checked(kept(folder, path, content)), done)

    def wait(self, seconds: float = 60) -> None:
        """Until the work is done, for scripts and tests."""
        self.job.wait(seconds)

    def _work(self, key: str, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.told.value, self.status.value = "", progress(escape(self.text(key)))
        self.open_it.layout.display = "none"

        def answered(future: Future[Any]) -> None:
            self.status.value = ""
            error = future.exception()
            if error is None:
                done(future.result())
            else:
                self.told.value = problem_html(error, self.lang)

        self.job.start(lambda check: work(), answered)

    # What was found.

    def _sentence(self, message: Message) -> str:
        return sentence(message, self.lang)

    def _show_found(self, found: Found) -> None:
        """Kinds, keys, links, sample rows, and what was left out."""
        parts = [self._table(sheet, found) for sheet in found.sheets]
        links = [
            Message("first.told_link", {"column": f"{k.sheet}.{k.column}", "to": k.to,
                "share": k.share}) for k in found.related.links
        ]  # fmt: skip
        said = _items(self._sentence(m) for m in (*links, *found.notes))
        self.seen.value = "".join(parts) + (f"<ul>{said}</ul>" if said else "")

    def _table(self, sheet: Sheet, found: Found) -> str:
        guess = found.guesses[sheet.name]
        roles = ", ".join(f"{role}: {column}" for role, column in guess.roles.items())
        told = self.text("new_table", name=sheet.name, kind=guess.kind, rows=sheet.rows,
            roles=roles, names=found.related.keys.get(sheet.name))  # fmt: skip
        rows = collect(sheet.table.limit(SAMPLE), f"table {sheet.name!r}")
        head = f"<summary>{escape(told)}</summary>"
        return f"<details>{head}{table_html(rows, self.lang)}</details>"

    def _offer(self, found: Found) -> None:
        """What can be chosen, as `init` would choose it."""
        self.quiet = True
        options = goals(found)
        self.goal.options = options
        self.goal.value = options[0]
        self.quiet = False
        self.draft()
        if self.drafted is None:
            return
        self.quiet = True
        for box, name in ((self.current, "current"), (self.baseline, "baseline")):
            period = self.drafted.periods.get(name)
            box.value = f"{period.first}..{period.last}" if period else ""
        names = [n for n in self.drafted.draft.metrics if n != self.drafted.draft.goal]
        self.wanted.clear()
        self.kpis.children = [self._kpi(n) for n in names[:MOST_KPIS]]
        self.quiet = False
        self.form.layout.display = ""
        self.draft()

    def _kpi(self, name: str) -> widgets.Widget:
        """Whether a metric is a KPI, and its target."""
        wanted = widgets.Checkbox(description=name, indent=False, layout=WIDE)
        target = widgets.Text(
            description=self.text("new_target_of", kpi=name), continuous_update=False, layout=WIDE
        )
        target.add_class("kp-pick")
        for box in (wanted, target):
            box.observe(lambda _: self.draft(), "value")
        self.wanted[name] = (wanted, target)
        return widgets.VBox((wanted, target))


def _items(said: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in said)


def _has_tables(folder: Path) -> bool:
    return any(path.is_file() and ending(path) for path in _some(folder))


def _some(folder: Path, most: int = 200) -> Sequence[Path]:
    return [path for path, _ in zip(folder.iterdir(), range(most), strict=False)]
