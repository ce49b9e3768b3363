"""The static check beside other tools: what each finds and blames on labelled cases, and what it costs on services."""
