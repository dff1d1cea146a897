"""How to speak with China Mobile, China Unicom and China Telecom."""
