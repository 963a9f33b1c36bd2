// SPDX-License-Identifier: Apache-2.0
// A question with one way on and one way back.
import {Alert, Button, Group, Modal, Stack, type ModalProps} from '@mantine/core';
import type {ReactNode} from 'react';
import {errorMessage} from '../api/client';

export function Failure({error}: {error: unknown}) {
  return error ? <Alert color="red" variant="light" role="alert" styles={{message: {color: 'var(--mantine-color-error)'}}}>{errorMessage(error)}</Alert> : null;
}

export function Dialog({title, onClose, onSubmit, action, danger, disabled, pending, error, size, children}: {
  title: string; onClose: () => void; onSubmit: () => void; action: string; danger?: boolean; disabled?: boolean; pending: boolean; error: unknown;
  size?: ModalProps['size']; children: ReactNode;
}) {
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!disabled) onSubmit();
      }}>
        <Stack gap="sm">
          {children}
          <Failure error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" color={danger ? 'red.9' : undefined} disabled={disabled} loading={pending}>{action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
