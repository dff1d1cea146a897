"""An urgent notice may be approved to send parts in doubt once more by itself"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notice', sa.Column('resend_uncertain', sa.Boolean(), server_default=sa.false(), nullable=False))
