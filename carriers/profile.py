"""One carrier as configured: what a link needs to know to keep a session with it."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from carriers.results import Results

PROTOCOLS = ("smpp", "cmpp2", "cmpp3", "sgip", "smgp")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierProfile:
    """Times are seconds, rates are submits (parts) per second, `rate=0` means no limit of ours."""

    name: str  # "mobile", "unicom", "telecom": the key in the settings
    label: str  # what people call it: 中国移动
    protocol: str  # one of PROTOCOLS
    host: str
    port: int
    account: str
    password: str
    results: Results  # what the carrier's codes mean
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
    service_id: str = ""  # business code of the contract: CMPP Service_Id, SGIP ServiceType, SMGP ServiceID
    corp_id: str = ""  # CMPP Msg_src (empty: the account), SGIP CorpId (empty: the node's), SMGP MsgSrc (empty: none)
    node: int = 0  # SGIP: our node number, 3AAAAQQQQQ
    smgp_version: str = "3.0"  # SMGP: "3.0", or "1.3", whose submit has no FixedFee
    padded_login: bool = False  # CMPP, SMGP: the account is hashed with its padding (some servers want that)
    strict_login: bool = False  # CMPP, SMGP: leave a server whose authenticator does not match
    listen_host: str = ""  # SGIP: where the carrier calls us to deliver; empty: it does not
    listen_port: int = 0
    listen_peers: tuple[str, ...] = ()  # addresses or networks it may call from
    listen_account: str = ""  # what it logs in with there; empty: as `account`
    listen_password: str = ""

    def trouble(self) -> tuple[str, str] | None:
        """The field that the protocol does not allow as it is, and why in words for people; None when all is well."""
        account, password, corp_id = _LONGEST[self.protocol]
        if len(self.account) > account:
            return "account", f"{self.protocol} 的账号最多 {account} 个字符"
        if len(self.password.encode()) > password:
            return "password_file", f"{self.protocol} 的密码最多 {password} 个字符"
        if len(self.corp_id) > corp_id:
            return "corp_id", f"{self.protocol} 的企业代码最多 {corp_id} 个字符"
        if len(self.access_number) + self.extension_digits > 20:  # SMPP 3.4, 5.2.8; the others have room for 21
            return "extension_digits", "接入号加扩展码最多 20 位"
        if self.protocol == "sgip" and not 3_000_000_000 <= self.node < 4_000_000_000:
            return "node", "sgip 需要节点编号:3 + 4 位区号 + 5 位企业代码"
        if self.listen_port and self.protocol != "sgip":
            return "listen_port", f"{self.protocol} 的运营商不回连,只有 sgip 需要"
        if self.listen_port and not (self.listen_host and self.listen_peers):
            return "listen_port", "接受回连还需要 listen_host 和 listen_peers"
        for one in self.listen_peers:
            try:
                ip_network(one, strict=False)
            except ValueError:
                return "listen_peers", f"{one} 不是地址或网段"
        return None

    def welcomes(self, address: str) -> bool:
        """Whether the carrier may call from there."""
        given = ip_address(address)
        given = getattr(given, "ipv4_mapped", None) or given  # a socket of both families writes IPv4 so
        return any(given in ip_network(one, strict=False) for one in self.listen_peers)


_LONGEST = {  # octets of an account, of its password and of the SP's code
    "smpp": (15, 8, 8),  # SMPP 3.4, 5.2.1 and 5.2.2, without the NUL; it has no such code
    "cmpp2": (6, 255, 6),  # CMPP 2.0, 7.4.1.1; the password never goes over the wire
    "cmpp3": (6, 255, 6),
    "sgip": (16, 16, 5),  # SGIP 1.2, 4.2.1
    "smgp": (8, 15, 8),  # SMGP 3.0, 6.2.1
}
