"""One carrier as configured: what a link needs to know to keep a session with it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierProfile:
    """Times are seconds, rates are submits (parts) per second, `rate=0` means no limit of ours."""

    name: str  # "mobile", "unicom", "telecom": the key in the settings
    label: str  # what people call it: 中国移动
    protocol: str  # "smpp"
    host: str
    port: int
    account: str
    password: str
    access_number: str  # the service number that citizens see, digits only
    extension_digits: int = 4  # how many digits the carrier lets us append to it
    rate: float = 50.0
    window: int = 16  # submits that may wait for an answer at the same time
    tls: bool = False
    tls_ca: str = ""  # PEM file of the authority that signed the carrier's certificate; empty: the system's
    system_type: str = ""
    source_ton: int = 0
    source_npi: int = 1
    destination_ton: int = 1
    destination_npi: int = 1
    destination_prefix: str = "86"  # written before the 11 digits of a Chinese mobile number
    response_timeout: float = 60.0  # a submit unanswered for so long is uncertain
    keepalive: float = 30.0  # enquire_link after so many silent seconds
    keepalive_timeout: float = 15.0
    bind_timeout: float = 30.0
    reference_tlv: bool = True  # send user_message_reference, so that receipts of uncertain parts can be matched
    flow_control: bool = True  # halve the rate when the carrier says "too fast"
