"""The look of a panel: one small style sheet;
works on light and dark pages because the panel brings its own paper."""

STYLE = """<style>
.kp-panel{background:#fff;color:#1F2933;border:1px solid #E6E8EB;border-radius:8px;
padding:14px 16px;
 font-size:13px;--jp-ui-font-color1:#1F2933;--jp-widgets-color:#1F2933;--jp-widgets-label-color:#1F2933}
.kp-panel .widget-label{color:#1F2933}
.kp-panel .jupyter-button:is(.mod-primary,.mod-success,.mod-info){color:#fff}
.kp-panel .widget-toggle-buttons,.kp-panel .widget-toggle-buttons>div{flex:0 0 auto;
flex-wrap:nowrap;width:auto}
.kp-panel h3{margin:0;font-size:17px;color:#1F2933}
.kp-asks{margin:0;color:#52606D}
.kp-label{color:#52606D;margin-right:4px}
.kp-none{color:#52606D}
.kp-filter{background:#F4F6F8;border-radius:6px;padding:2px 8px;margin:6px 0}
.kp-panel .kp-chip{background:#0072B2;color:#fff;border-radius:12px}
.kp-error{background:#FDF1E9;border-left:4px solid #D55E00;padding:8px 12px;color:#1F2933;
line-height:1.5}
.kp-error hr{border:0;border-top:1px solid #E6E8EB}
.kp-said{margin:8px 0 2px}
.kp-panel ul{margin:2px 0 6px;padding-left:18px;line-height:1.5}
.kp-table{max-width:100%;overflow-x:auto}
.kp-table table{border-collapse:collapse;font-size:12px;color:#1F2933}
.kp-table th{color:#52606D;text-align:left;border-bottom:1px solid #9AA3AB;padding:3px 8px;
font-weight:600}
.kp-table td{border-bottom:1px solid #E6E8EB;padding:3px 8px;white-space:nowrap;color:#1F2933}
.kp-table td.kp-number{text-align:right;font-variant-numeric:tabular-nums}
.kp-code{background:#F4F6F8;border-radius:6px;padding:10px;overflow-x:auto;font-size:12px;line-height:1.45;
 color:#1F2933;white-space:pre}
.kp-ok{color:#00694D}
.kp-bar{height:6px;background:#E6E8EB;border-radius:3px;overflow:hidden;width:260px}
.kp-bar i{display:block;height:100%;background:#0072B2;transition:width .2s}
.kp-bar.kp-busy i{width:30%;animation:kp-busy 1.1s ease-in-out infinite alternate}
@keyframes kp-busy{from{margin-left:0}to{margin-left:70%}}
@media (prefers-reduced-motion:reduce){.kp-bar.kp-busy i{animation:none;width:100%}}
.kp-why{border-left:2px solid #B9C0C7;padding-left:12px;margin:4px 0}
.kp-why em{font-style:normal;color:#52606D}
.kp-cause{border-left:4px solid #D55E00;padding:4px 12px;margin:8px 0}
.kp-verdict{font-size:20px;font-weight:600;margin:6px 0}
</style>"""


def progress(text: str, done: int = 0, total: int = 0) -> str:
    """A bar as HTML: moving to and fro when nobody knows how long it takes."""
    if not total:
        return f"<div role='status'>{text}<div class='kp-bar kp-busy'><i></i></div></div>"
    width = round(100 * done / total)
    return (
        f"<div role='status'>{text} ({done}/{total})<div class='kp-bar'><i "
        f"style='width:{width}%'></i></div></div>"
    )
