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
#   title: kpilab
# ---

# %% tags=["parameters"]
case = ""  # a folder with a case.yml, or of tables; empty: that of `kpilab lab CASE`, else the shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = ""

# %%
from kpilab.workbench import Home

Home(case, lang, workspace)
