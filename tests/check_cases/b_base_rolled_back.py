from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
class Store:
    def __init__(self, session: Session):
        self.session = session
    def create(self, data):
        try:
            data = self.made(data)
            self.session.add(data)
            self.session.commit()
        except Exception:
            self.session.rollback()
            raise
        self.session.refresh(data)
        return data
    def made(self, data):
        return data
    def update(self, data):
        self.session.merge(data)
        self.session.commit()
class Recipes(Store):
    def create(self, data):
        for _ in range(3):
            try:
                return super().create(data)
            except IntegrityError:
                self.session.rollback()
    def create_whatever(self, data):
        try:
            return super().create(data)
        except Exception:
            self.session.rollback()
    def update(self, data):
        try:
            return super().update(data)
        except IntegrityError:
            self.session.rollback()
    async def once(self, data):
        try:
            return super().create(data)  # error: LL101
        except IntegrityError:
            self.session.rollback()
    async def whatever(self, data):
        try:
            return super().create(data)  # error: LL101
        except Exception:
            self.session.rollback()  # error: LL101
    async def updated(self, data):
        try:
            return super().update(data)  # error: LL101
        except IntegrityError:
            self.session.rollback()  # error: LL101
