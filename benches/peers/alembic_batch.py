"""The change by Alembic's batch mode: python alembic_batch.py DATABASE"""
import sys

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

engine = sa.create_engine(f"sqlite:///{sys.argv[1]}", connect_args={"timeout": 60})
with engine.begin() as connection:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("clients") as batch:
        batch.alter_column("city", existing_type=sa.Text(), nullable=False)
