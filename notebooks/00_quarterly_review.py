# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Quarterly review
# The KPIs hit target. Why did the business not grow?
#
# This notebook asks the five questions of a reverse review of one case: what result was wanted, do
# the KPIs move with it, where exactly was it lost, is it us or everybody, and was the work really
# done.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
out = "review"

# %%
import altair as alt
import pandas as pd

import kpilab
from kpilab.report import write
from kpilab.workbench import FUNNEL, Panel, ReviewPanel, begin

alt.renderers.enable("svg")

# %% [markdown]
# ## The case
# A folder with a `case.yml` and its tables. Nothing is computed yet; what is wrong with the file or
# the data is said here, all at once.

# %%
opened, store = begin(case, lang, out)
lang = opened.language
print(opened.title, "|", "baseline", opened.baseline, "|", "current", opened.current)
pd.Series(
    {name: type(table).__name__ for name, table in opened.tables.items()}, name="kind"
).to_frame()

# %% [markdown]
# ## The review as an app
# Press the button; nothing is computed before. The cells below say the same in code.

# %%
ReviewPanel(opened)

# %% [markdown]
# ## Ask further
# Click on a step of the funnel to break it out, on a value to go inside it; what you find can be
# added to the review.
# The notebooks beside this one hold an app for each question.

# %%
Panel(opened, FUNNEL, store=store)

# %% [markdown]
# ## The verdict

# %%
review = kpilab.review(opened)
print(review.summary(lang))

# %% [markdown]
# ## From what was expected to what is in the log
# The rows sum to the gap. What the causes do not explain stands there as its own row.

# %%
review.chart(lang)

# %% [markdown]
# ## All findings
# Also what is fine, and what could not be told.

# %%
findings = pd.DataFrame(
    [(f.id, f.verdict, f.strength, review.say(f.statement, lang)) for f in review.findings],
    columns=["finding", "verdict", "strength", "statement"],
)
findings.style.hide(axis="index").set_properties(**{"text-align": "left", "white-space": "normal"})

# %% [markdown]
# ## The evidence of one finding
# Each finding carries the results its numbers come from: a sentence, a table, a picture.

# %%
shown = [f for f in review.findings if f.evidence]
trouble = [f for f in shown if f.verdict == "trouble"]
next((f.evidence[0] for f in trouble or shown), None)

# %% [markdown]
# ## The report
# One HTML file that opens offline, the same as JSON and Markdown, and all tables as a workbook.

# %%
print(write(review, out, lang).html)
