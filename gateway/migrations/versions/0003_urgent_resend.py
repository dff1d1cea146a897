"""An urgent notice may be approved to send parts in doubt once more by itself"""

import sqlalchemy as sa
from alembic import op


revision = 'urgent_resend'
down_revision = 'quarantine_quota'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notice', sa.Column('resend_uncertain', sa.Boolean(), server_default=sa.false(), nullable=False))
