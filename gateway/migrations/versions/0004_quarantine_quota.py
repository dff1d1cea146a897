"""What cannot be read is kept whole up to a quota a day, and counted beyond it"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('quarantine') as table:
        table.add_column(sa.Column('times', sa.Integer(), server_default='1', nullable=False))
        table.alter_column('raw_sealed', existing_type=sa.LargeBinary(), nullable=True)
    op.create_index('ix_quarantine_day', 'quarantine', ['carrier', 'received_ms'])
