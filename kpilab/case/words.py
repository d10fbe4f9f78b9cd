"""How columns are called, in the languages companies keep their tables in: a word of the name, or,
in Chinese and other scripts without blanks, a part of it."""

from __future__ import annotations

import re
import unicodedata

# How columns are called whose numbers may be times.
WHEN = (
    "date|day|days|time|datetime|timestamp|ts|month|created|updated|at|dt|datum|fecha|data"
    "|week|period|when"
    r"|\w*datum|monat|tag|woche|mes|dia|jour|mois|giorno|mese"
    "|日期|时间|月份|年月|日|日付"
)
USER = (
    "user|users|customer|customers|member|visitor|client|account|uid|case|device|player|userid|"
    r"unit|kunde|kunden|\w*nutzer|cliente|clientes|usuario|utilisateur|用户|客户|会员|顾客|买家"
)
EVENT = (
    "event|events|action|activity|step|stage|page|screen|operation|milestone|ereignis|aktion|"
    "evento|accion|evenement|etape|事件|行为|动作|步骤|环节"
)
SESSION = "session|sessions|visit id|sess|sitzung|sesion|会话"
ACTOR = (
    "actor|employee|rep|staff|clerk|operator|technician|salesperson|agent|worker|mitarbeiter|"
    "员工|店员|销售员|业务员|操作员"
)
CLAIMED = "claimed|quantity|qty|count|amount|done|reported|value|数量|完成量"
# What became of a row: to cut by it would explain a fall by itself.
OUTCOME = "status|outcome|result|disposition|estado|statut|stato|状态|结果"
ORDERS = (
    r"order|transaction|invoice|receipt|ticket|booking|bestell\w*|auftrag\w*|rechnung\w*"
    r"|beleg\w*|bon"
    "|pedido|factura|commande|facture|ordine|fattura|订单|单号|票号|注文"
)
BUYERS = (
    r"customer|cust|user|member|client|account|patient|guest|student|subscriber|tenant|kunde|kunden\w*"
    r"|mitglied\w*|patienten|mandant\w*|cliente|paciente|客户|用户|会员|顾客|买家|患者|学员"
)
KEY = (
    "id|ids|key|uuid|guid|zip|postal|postcode|phone|mobile|cellphone|telephone|tel|fax|code|lat|lon"
    "|lng|latitude|longitude|index|row|rescued data|ean|gtin|isbn|sku|asin|upc|iban|ssn|vin|serial"
    r"|userid|\w*nummer|\w*nr|plz|\w*telefon\w*|handy|codigo|codice|kennung"
    "|编号|编码|号码|邮编|手机|电话|订单号|单号|票号|货号|身份证|学号|工号|序号|流水号|番号"
)
# At the end of a name of several words these name a thing; «number of orders» counts.
KEY_AT_END = "no|nr|nbr|num|number|numero|ref|reference"
# What names the rows of a table.
KEY_NAME = f"id|key|no|nr|number|code|uuid|guid|sku|ref|{KEY_AT_END}|{KEY}|号"
COUNTED = "n|num|number|count|sum|total|amount|sales|revenue|数|额|量"
GROUPING = (
    "store|shop|region|flag|type|group|line|machine|site|department|class|category|level|tier"
    "|segment|channel|cell"
    "|filiale|tienda|magasin|negozio|loja"
    "|门店|区域|类型|级别|渠道|产线|机台"
)
CALENDAR = (
    "year|yr|month|mon|quarter|qtr|week|wk|weekday|dow|day|hour|hr|minute|fiscal year|jahr"
    "|monat|quartal"
    "|woche|tag|wochentag|stunde|ano|anno|mes|mese|semana|settimana|dia|giorno|hora|ora|annee"
    "|mois|semaine|jour|heure"
    "|年份|月份|季度|小时|星期|周次"
)
TURNOVER = (
    r"revenue|gmv|turnover|sales|\w*umsatz|erlos|erlose|ventas|venta|ingreso|ingresos|chiffre"
    r"|recette|recettes"
    "|ricavi|fatturato|vendite|receita|faturamento|vendas|omzet"
    "|销售额|营收|收入|成交额|营业额|売上|매출|выручка"
)
MONEY = (
    r"amount|amt|income|charge|charges|fare|fares|\w*betrag|summe|honorar\w*|importe|monto|montant|importo|bedrag"
    "|金额|金額|实付|付款|总额|сумма"
)
AMOUNTS = (
    TURNOVER,
    f"{MONEY}|value|paid|payment|total|goal|wert|valor",
    "profit|margin|price|output|units|gewinn|ganancia|benefice|marge|lucro|利润|毛利|产量",
)
LEVEL = (
    r"on hand|stock|inventory|balance|level|headcount|seats|\w*bestand|saldo|existencias|inventario"
    "|solde|estoque|voorraad|库存|余额|在手|结余|存量"
)
# A column of names of metrics, whose values stand in another.
METRIC = "metric|metrics|kpi|indicator|measure|kennzahl|indicador|indicateur|指标|指標"
# Sums from some day on: they do not add up over days.
CUMULATED = (
    r"cumulative|cumulated|cum|ytd|mtd|qtd|running|to date|kumuliert\w*|acumulado|cumule|cumulato"
    "|累计|累積"
)
# By when something is to be done.
DUE = (
    r"limit|due|deadline|expiry|expires|expiration|fallig\w*|faellig\w*|vencimiento|echeance"
    "|scadenza|到期|截止"
)
# What somebody wants, and what did not happen.
WANTED = (
    "target|targets|goal|quota|plan|planned|budget|budgeted|forecast|expected|soll|ziel|objetivo"
    "|presupuesto|objectif|budgete|目标|计划|预算|预测"
)
ORDINAL = "sequential|sequence|installments|instalments|rank|position|count|number|次序|期数|排名"
# Money that goes out, is given back, or stands somewhere.
OUTGOING = (
    "return|returns|returned|refund|refunds|refunded|cancelled|cost|costs|cogs|spend|spent"
    "|expense|expenses|budget|claim|claims|penalty|penalties"
    "|tax|vat|stock|inventory|target|quota|balance|debt"
    r"|\w*kosten|ausgaben|retoure\w*|erstattung|steuer|coste|costo|gasto|gastos|impuesto"
    r"|frais|depenses"
    "|remboursement|spese|custo|despesas"
    "|退货|退款|成本|费用|支出|预算|库存|税|赔付|理赔"
)
# What is paid for, by us or to us: out unless it is called like what we charge.
SERVICE = "ad|ads|fee|freight|shipping|运费"
CHARGED = "charge|charges|charged|billed|revenue|income|收入"
BIRTH = (
    r"birth|birthday|birthdate|born|dob|geb|geburt\w*|geboren|naissance|nacimiento|nascita"
    "|nascimento|出生|生日"
)
AVERAGED = (
    "per|rate|ratio|pct|percent|share|discount|price|temperature|cpi|unemployment|avg|average"
    "|mean|score|oee|"
    r"availability|performance|quality|factor|flag|age|rating|stars|speed|humidity|unit cost"
    r"|duration"
    "|latency|lead time|response time|waiting time|cycle time|delivery days|delivery time"
    "|days to|exchange"
    r"|\w*preis|precio|prix|prezzo|preco|prijs|rabatt|descuento|remise|sconto|desconto|alter"
    r"|edad|bewertung"
    "|satisfaction|nps|csat|zufriedenheit"
    "|率|平均|占比|折扣|价格|温度|单价|均价|售价|客单价|年龄|评分|单位成本|时长|满意度|得分|分数"
)
# Text for people: no part of the business.
REMARK = (
    r"name|id|ids|email|mail|phone|note|notes|comment|comments|remark|remarks|memo|description|url"
    r"|bemerkung\w*|notiz|nota|notas|observacion\w*|remarque|commentaire|observacao"
    "|姓名|编号|电话|备注|说明|描述"
)
# What is measured and not counted: of it nothing passes from one step to the next.
MEASURED = (
    "weight|gewicht|peso|poids|kg|distance|km|miles|minutes|hours|stunden|seconds|volume|area"
    "|capacity|重量|里程|距离|分钟|面积"
)
QUANTITY = (
    "qty|quantity|units|pieces|menge|stuck|anzahl|cantidad|unidades|quantite|quantita|quantidade"
    "|数量|件数|销量"
)
# What a business is counted in.
VOLUME = (
    "orders|order count|transactions|receipts|tickets|bookings|visits|visitors|sessions"
    "|customers|clients|users|guests|covers|trips|rides|calls|deliveries|shipments"
    "|bestellungen|auftrage|kunden|besuche"
    "|pedidos|clientes|visitas|commandes|visites|ordini|visite|订单数|订单量|单量|客流|客户数|访问量|人数"
)
PRODUCT = (
    r"product|products|item|sku|article|artikel\w*|producto|produit|prodotto|produto"
    "|商品|产品|货品|品名"
)
PRICE = (
    r"unit price|sale price|selling price|\w*einzelpreis|precio unitario|prix unitaire|单价|售价",
    r"price|\w*preis|precio|prix|prezzo|preco|价格",
)

# Whatever is measured, named or counted.
MEASURES = "|".join(
    (*AMOUNTS, LEVEL, METRIC, CUMULATED, WANTED, ORDINAL, OUTGOING, SERVICE, AVERAGED, MEASURED,
     QUANTITY, VOLUME, *PRICE, ORDERS, BUYERS, CALENDAR, KEY, KEY_AT_END, COUNTED)
)  # fmt: skip

# What rows of a table, or the units of a log, may be called after their key.
COUNTED_THINGS = (
    "order", "transaction", "invoice", "receipt", "ticket", "booking", "case", "deal", "lead",
    "application", "claim", "request", "patient", "student", "shipment", "delivery", "trip",
    "opportunity", "account", "company", "device", "player", "loan", "job", "visit",
)  # fmt: skip


def plural_of(key: str, usual: str) -> str:
    """What the things are called that a key names: `invoice_id` invoices; `usual` where its name
    does not say it."""
    word = next((n for n in COUNTED_THINGS if named(key, n)), None)
    if word is None:
        return usual
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"


def plain(text: str) -> str:
    """A name in words: `Order ID`, `orderId` and `order_id` alike, without accents."""
    text = re.sub(r"(?<=\w)[ .]*#$", " no", text.strip())
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", unicodedata.normalize("NFC", bare))
    return words.lower().strip()


def named(name: str, pattern: str) -> bool:
    """Whether a word of a name (as in «Order ID», «orderId», «订单编号») is in a pattern."""
    words = plain(name)
    return any(
        w in words if not w.isascii() else re.search(rf"\b{w}\b", words) for w in pattern.split("|")
    )


def outgoing(name: str) -> bool:
    """Whether money called so goes out, is given back, or stands somewhere."""
    return named(name, OUTGOING) or (named(name, SERVICE) and not named(name, CHARGED))


def names_thing(name: str) -> bool:
    """Whether numbers called so name things: keys, phone numbers, codes."""
    first, _, last = plain(name).rpartition(" ")
    if plain(name).startswith(("number of", "no of", "num of", "count of")):
        return False
    return named(name, KEY) or (bool(first) and named(last, KEY_AT_END))
