from kpilab.analysis.customers.acquisition import acquisition as acquisition
from kpilab.analysis.customers.channel_shift import channel_shift as channel_shift
from kpilab.analysis.customers.churn import churn as churn
from kpilab.analysis.customers.concentration import concentration as concentration
from kpilab.analysis.customers.growth import growth as growth
from kpilab.analysis.customers.pipeline import pipeline as pipeline
from kpilab.analysis.customers.price_volume_mix import price_volume_mix as price_volume_mix
from kpilab.core.table import Entities as Entities
