import threading, time, os
from pathlib import Path
from tests.ui.test_ui_insights_desk import *
def test_close(tmp_path):
    w = Waiting(tmp_path / "desk")
    w.ask()
    d=w.desk
    tid=[e.event.trace.id for e in read_ledger(w.place/"data"/"ledger") if isinstance(e.event, TraceRecorded)][0]
    futs=[]
    futs += [d.annotate_trace(tid, f"note {i}") for i in range(50)]
    futs += [d.insights() for i in range(3)]
    t=time.time(); d.close(); print("closed in", time.time()-t)
    print([ (type(f.exception()).__name__ if not f.cancelled() else 'C') if f.done() else 'PENDING' for f in futs])
    print((w.place/"data"/"notes.jsonl").read_text() if (w.place/"data"/"notes.jsonl").exists() else None)
    for name,args in (("insights",()),("trace_note",(tid,)),("annotate_trace",(tid,"x")),("find_traces",()),("compare_traces",(tid,tid)),("like_trace",(tid,)),("alike",("g",)),("trace",(tid,)),("rebuild_trace_index",())):
        try:
            f=getattr(d,name)(*args); print(name, f.exception(5) if f is not None else None)
        except BaseException as e: print(name,"SYNC", type(e), e)
def test_rebuild(tmp_path):
    w = Waiting(tmp_path / "desk")
    r=w.ask()
    d=w.desk
    for i in range(20):
        d.rebuild_trace_index(); 
        try: x=d.insights().result(10); 
        except Exception as e: print(type(e),e)
    fs=[d.insights() for i in range(10)]
    print([f.result(10).as_of for f in fs])
    import shutil
    tr=w.place/"data"/"traces"
    print(list((w.place/"data").iterdir()))
    for p in (w.place/"data").rglob("*"):
        if "trace" in str(p) and p.is_file(): p.unlink()
    print(d.insights().result(10).as_of, d.trace_index())
    w.close()
